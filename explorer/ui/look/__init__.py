"""How everything looks and how data becomes text: palettes, style sheet, icons, labels."""
