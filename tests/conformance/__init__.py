"""How the localhost endpoint behaves: one test per numbered case."""
