"""A tray icon on Linux from D-Bus alone: StatusNotifierItem with com.canonical.dbusmenu.

No GTK, no X: what KDE, Xfce, Cinnamon, LXQt, MATE and GNOME's AppIndicator extension host.
"""
