"""The style sheet, made from a palette and a zoom. Only hairlines, spacing and states; Fusion does the rest."""

from __future__ import annotations

from explorer.ui.look.colours import Colours

_SHEET = """
QWidget {{ color: {text}; }}
QMainWindow, QDialog, QWidget#window {{ background: {window}; }}
QMainWindow::separator {{ background: {hairline}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QSplitter::handle {{ background: {hairline}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QSplitter::handle:hover {{ background: {accent}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {hairline}; padding: {s}px {m}px; }}

QLabel {{ background: transparent; }}
QLabel#muted, QLabel[muted="true"] {{ color: {muted}; }}
QLabel#heading {{ color: {muted}; font-size: {small}px; font-weight: 600; letter-spacing: 0.4px; }}
QLabel#sentence {{ font-size: {large}px; }}
QLabel#subject {{ font-size: {large}px; font-weight: 600; }}
QLabel#strong {{ font-weight: 600; }}
QLabel#title {{ font-size: {title}px; font-weight: 600; }}
QLabel[tone="error"] {{ color: {error}; }}
QLabel[tone="warning"] {{ color: {warning}; }}
QLabel[tone="good"] {{ color: {good}; }}
QLabel[tone="accent"] {{ color: {accent}; }}

QMenuBar {{ background: {window}; border: none; padding: 1px {s}px; }}
QMenuBar::item {{ padding: {s}px {m}px; border-radius: {s}px; background: transparent; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ background: {raised}; border: 1px solid {hairline}; padding: {s}px; }}
QMenu::item {{ padding: {s}px {xl}px {s}px {m}px; border-radius: {s}px; }}
QMenu::item:selected {{ background: {selection}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {hairline}; margin: {s}px {m}px; }}
QMenu::icon {{ padding-left: {s}px; }}

QToolBar {{ background: {window}; border: none; spacing: {s}px; padding: {s}px; }}
QStatusBar {{ background: {window}; border-top: 1px solid {hairline}; color: {muted}; }}
QStatusBar::item {{ border: none; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: {s}px; padding: 3px {h}px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {selection}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton:disabled {{ color: {faint}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}

QPushButton {{ background: {raised}; border: 1px solid {hairline}; border-radius: {s}px; padding: {s}px {p}px;
  min-height: {control}px; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed {{ background: {selection}; }}
QPushButton:focus {{ border-color: {accent}; }}
QPushButton:disabled {{ color: {faint}; background: {window}; }}
QPushButton[primary="true"], QPushButton:default {{ background: {accent}; color: {accent_text};
  border-color: {accent}; font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {hover}; color: {faint}; border-color: {hairline}; }}
QPushButton[primary="true"]:focus {{ border-color: {text}; }}
QPushButton[link="true"] {{ background: transparent; border: 1px solid transparent; color: {accent};
  padding: 0 {s}px; }}
QPushButton[link="true"]:hover {{ background: {hover}; }}
QPushButton[link="true"]:focus {{ border-color: {accent}; }}

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit {{
  background: {base}; border: 1px solid {hairline}; border-radius: {s}px; padding: 2px {h}px;
  selection-background-color: {accent}; selection-color: {accent_text}; }}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ min-height: {control}px; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus {{ border-color: {accent}; }}
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled {{ color: {faint}; background: {window}; }}
QLineEdit[mono="true"] {{ font-size: {data}px; }}
QLineEdit[invalid="true"], QPlainTextEdit[invalid="true"] {{ border-color: {error}; }}
QComboBox::drop-down {{ border: none; width: {xl}px; }}
QComboBox::down-arrow {{ image: url("{icons}/chevron-down-{mode}.svg"); width: {p}px; height: {p}px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {hairline}; padding: {s}px;
  selection-background-color: {selection}; selection-color: {text}; outline: none; }}
QComboBox QAbstractItemView::item {{ min-height: {row}px; }}
QAbstractButton, QTabBar, QMenu, QLineEdit {{ icon-size: {l}px; }}
QCheckBox, QRadioButton {{ spacing: {m}px; background: transparent; }}
QCheckBox::indicator, QRadioButton::indicator, QTreeView::indicator, QListView::indicator {{
  width: {box}px; height: {box}px;
  border: 1px solid {faint}; background: {base}; border-radius: 3px; }}
QRadioButton::indicator {{ border-radius: {h}px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {accent}; }}
QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked {{
  background: {accent}; border-color: {accent};
  image: url("{icons}/check-{mode}.svg"); }}
QRadioButton::indicator:checked {{ background: {accent}; border-color: {accent}; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {hairline}; background: {window}; }}
QCheckBox:focus, QRadioButton:focus {{ color: {accent}; }}
QGroupBox {{ border: none; margin-top: {l}px; color: {muted}; font-weight: 600; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 0; }}

QAbstractItemView {{ background: {base}; alternate-background-color: {base}; border: none; outline: none;
  selection-background-color: {selection}; selection-color: {text}; }}
QTreeView::item, QListView::item {{ min-height: {row}px; border: none; padding: 0 {s}px; }}
QTableView {{ gridline-color: transparent; }}
QTableView::item {{ border: none; padding: 0 {h}px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {hover}; }}
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected {{
  background: {selection}; color: {text}; }}
QTreeView::branch {{ background: transparent; }}
QTreeView::branch:selected {{ background: {selection}; }}
QTreeView::branch:has-children:!has-siblings:closed, QTreeView::branch:closed:has-children:has-siblings {{
  image: url("{icons}/chevron-right-{mode}.svg"); }}
QTreeView::branch:open:has-children:!has-siblings, QTreeView::branch:open:has-children:has-siblings {{
  image: url("{icons}/chevron-down-{mode}.svg"); }}
QHeaderView {{ background: {base}; border: none; }}
QHeaderView::section {{ background: {base}; color: {muted}; border: none; border-bottom: 1px solid {hairline};
  padding: {s}px {h}px; font-size: {small}px; font-weight: 600; }}
QTableCornerButton::section {{ background: {base}; border: none; }}

QTabWidget::pane {{ border: none; border-top: 1px solid {hairline}; }}
QTabBar {{ background: {window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {muted}; border: none; border-bottom: 2px solid transparent;
  padding: 0 {p}px; height: {tab}px; }}
QTabBar::tab:hover {{ color: {text}; background: {hover}; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QTabBar::tab:focus {{ color: {accent}; }}
QTabBar::close-button {{ image: url("{icons}/close-{mode}.svg"); margin: 2px; width: {l}px; height: {l}px; }}
QTabBar::close-button:hover {{ background: {hairline}; border-radius: {s}px; }}
QWidget#docktitle {{ background: {window}; border-bottom: 1px solid {hairline}; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {scroll}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:hover {{ background: {faint}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; }}

QProgressBar {{ background: {hairline}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
QSlider::groove:horizontal {{ height: 4px; background: {hairline}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 7px; background: {base};
  border: 2px solid {accent}; }}
QSlider::handle:horizontal:focus {{ background: {accent}; }}

QWidget#captions {{ background: {raised}; border-top: 2px solid {accent}; }}
QWidget#strip {{ background: {window}; border-bottom: 1px solid {hairline}; }}
QWidget#panel {{ background: {base}; }}
QWidget#panelhead {{ background: {base}; border-bottom: 1px solid {hairline}; }}
QWidget#card {{ background: {base}; border: 1px solid {hairline}; border-radius: {m}px; }}
QWidget#empty {{ background: {base}; }}
QWidget#banner {{ background: {base}; border-bottom: 1px solid {hairline}; }}
QWidget#banner[kind="error"] {{ background: {error_back}; }}
QWidget#banner[kind="warning"] {{ background: {warning_back}; }}
QWidget#whatif, QWidget#whatif QAbstractItemView, QWidget#whatif QHeaderView, QWidget#whatif QHeaderView::section,
QWidget#whatif QWidget#panelhead, QWidget#whatif QWidget#empty {{ background: {what_if_base}; }}
QWidget#whatifhead {{ background: {what_if_back}; border-bottom: 1px solid {what_if}; }}
QLabel#whatiftitle {{ color: {what_if}; font-weight: 700; }}
QLabel[tone="what_if"] {{ color: {what_if}; }}
QLabel#badge {{ border-radius: {s}px; padding: 1px {h}px; font-size: {small}px; font-weight: 600; }}
QLabel#badge[kind="readonly"] {{ color: {muted}; border: 1px solid {hairline}; }}
QLabel#badge[kind="writable"] {{ color: {warning}; background: {warning_back}; border: 1px solid {warning}; }}
QPushButton#chip {{ background: {accent}; color: {accent_text}; border: none; border-radius: {chip}px;
  padding: {s}px {p}px; font-weight: 600; }}
QToolButton#question {{ background: {raised}; border: 1px solid {hairline}; border-radius: {s}px; padding: {s}px; }}
QToolButton#question:hover {{ background: {hover}; }}
QToolButton#question:checked {{ background: {selection}; border-color: {accent}; }}
QPushButton#goto {{ text-align: left; color: {muted}; background: {base}; font-weight: 400; }}
QFrame#palette {{ background: {base}; border: 1px solid {accent}; border-radius: {m}px; }}
QFrame#palette QListView {{ background: transparent; }}
QLineEdit#palettefield {{ border: none; border-bottom: 1px solid {hairline}; border-radius: 0; background: transparent;
  min-height: {field}px; padding: 0 {p}px; font-size: {large}px; }}
QPushButton#recent {{ background: transparent; border: 1px solid transparent; text-align: left; padding: 0; }}
QPushButton#recent:hover {{ background: {hover}; }}
QPushButton#recent:focus {{ border-color: {accent}; }}
QFrame#hairline {{ background: {hairline}; border: none; max-height: 1px; min-height: 1px; }}
QFrame#vhairline {{ background: {hairline}; border: none; max-width: 1px; min-width: 1px; }}
"""


def sheet(colours: Colours, zoom: int, icons: str) -> str:
    """The style sheet. `icons`: a folder with the few icons that style sheets can only take as files."""

    def px(pixels: float) -> int:
        return max(1, round(pixels * zoom / 100))

    values: dict[str, object] = {name: getattr(colours, name) for name in colours.__slots__}
    sizes = {
        "s": 4, "h": 6, "m": 8, "p": 12, "l": 16, "xl": 24, "row": 24, "control": 20, "small": 11, "title": 20,
        "chip": 12, "field": 40, "tab": 27, "box": 12, "large": 15, "data": 12,
    }  # fmt: skip
    values.update({name: px(size) for name, size in sizes.items()})
    values.update(mode="dark" if colours.dark else "light", icons=icons, scroll=colours.hairline)
    return _SHEET.format(**values)
