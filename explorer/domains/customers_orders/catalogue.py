"""Who buys what in the sample history."""

from __future__ import annotations

from decimal import Decimal

_FIRST = """
Ada Aisha Akira Alice Amara Anton Beatriz Björn Carlos Chen Chloé Dalia Dmitri Elena Emeka Esra Fatima Finn Freya Giulia
Grace Hana Hugo Imani Ines Ivan Jonas Josefa Kaito Karim Leila Linh Lucía Mateo Mei Mina Nadia Niamh Noor Olga Omar
Paulo Priya Quentin Rosa Ruth Samir Sofia Søren Tariq Thandi Tomás Uma Vera Viktor Wanjiru Yara Zoë
"""

_LAST = """
Abebe Adeyemi Almeida Andersson Bauer Bernard Bianchi Castillo Chowdhury Costa Dubois Eriksen Fernández Fischer García
Haddad Hansen Hoffmann Ibrahim Ivanova Jansen Johnson Kamau Khan Kim Kowalska Kumar Lindqvist Lopez Mbeki Moreau Müller
Nakamura Ng Nguyễn Novák O’Brien Okafor Olsen Papadopoulos Petrov Rahman Rossi Sánchez Santos Sato Schneider Silva Singh
Smith Tanaka Taylor Thompson Tran Vargas Virtanen Wang Weber Yılmaz Zhang
"""

FIRST_NAMES = tuple(_FIRST.split())
LAST_NAMES = tuple(_LAST.split())

PRODUCTS: tuple[tuple[str, Decimal], ...] = tuple(
    (sku, Decimal(price))
    for sku, price in (
        ("TEA-GREEN-100", "4.90"),
        ("TEA-EARL-250", "9.50"),
        ("TEA-ROOIBOS-100", "5.25"),
        ("COFFEE-BEANS-500", "11.80"),
        ("COFFEE-BEANS-1K", "21.90"),
        ("COFFEE-DECAF-250", "7.40"),
        ("CUP-STONE", "14.00"),
        ("CUP-GLASS-2", "18.50"),
        ("POT-IRON", "64.95"),
        ("POT-GLASS", "32.00"),
        ("KETTLE-STEEL", "79.00"),
        ("KETTLE-TRAVEL", "38.90"),
        ("FILTER-PAPER-100", "3.20"),
        ("FILTER-STEEL", "24.00"),
        ("GRINDER-HAND", "89.50"),
        ("GRINDER-ELECTRIC", "149.00"),
        ("MACHINE-LEVER", "799.00"),
        ("MACHINE-PUMP", "429.00"),
        ("SCALE-01G", "45.75"),
        ("SPOON-OAK", "6.10"),
        ("TIN-LARGE", "12.35"),
        ("TIN-SMALL", "7.95"),
        ("SUGAR-CANE-1K", "2.85"),
        ("HONEY-ACACIA", "8.60"),
        ("BISCUITS-BUTTER", "3.45"),
        ("CHOCOLATE-70", "2.99"),
        ("TRAY-BAMBOO", "27.30"),
        ("CLOTH-LINEN", "9.99"),
    )
)

LIMITS = (100, 250, 250, 500, 500, 500, 1000, 1000, 2500, 5000)

CANCELLED_BECAUSE = (
    "changed my mind",
    "ordered twice",
    "found it elsewhere",
    "delivery takes too long",
    "wrong address",
)
CARRIERS = ("DHL", "UPS", "PN", "DPD", "GLS")
