"""What pywebview 6.2.1 gets wrong with Qt 6, put right from outside.

1. Permissions are answered with an int: PyQt6 aborts, PySide6 never settles the page's promise.
2. A page may not use the clipboard at all.
3. Downloads call a function that Qt 6 no longer has.
4. A link to another site in the same frame replaces the app in its own window.
5. `restore` un-maximises the window and does not raise it.
"""

from typing import Any

from desktop.window_links import download_target, is_external, open_outside


def put_right(home: str) -> None:
    """Call once, before the window is created; `home` is the app's own address."""
    from qtpy.QtWebEngineCore import QWebEnginePage, QWebEngineSettings
    from webview.platforms import qt

    platform: Any = qt
    view: Any = platform.BrowserView
    features, policies = QWebEnginePage.Feature, QWebEnginePage.PermissionPolicy
    granted = {
        getattr(features, name)
        for name in ("ClipboardReadWrite", "Notifications")
        if hasattr(features, name)
    }
    stock_init = view.__init__

    def on_permission(page: Any, url: Any, feature: Any) -> None:  # noqa: ANN401
        answer = "PermissionGrantedByUser" if feature in granted else "PermissionDeniedByUser"
        page.setFeaturePermission(url, feature, getattr(policies, answer))

    def accepts(_page: Any, url: Any, _kind: Any, main_frame: bool) -> bool:  # noqa: ANN401
        address = url.toString()
        if main_frame and is_external(address, home):
            open_outside(address)
            return False
        return True

    def on_download(_self: Any, download: Any) -> None:  # noqa: ANN401
        target = download_target(download.downloadFileName())
        download.setDownloadDirectory(str(target.parent))
        download.setDownloadFileName(target.name)
        download.accept()

    def init(self: Any, window: Any) -> None:  # noqa: ANN401
        stock_init(self, window)
        clipboard = QWebEngineSettings.WebAttribute.JavascriptCanAccessClipboard
        self.profile.settings().setAttribute(clipboard, True)
        self.window_restore_trigger.disconnect()
        self.window_restore_trigger.connect(lambda: raised(self))

    view.WebPage.onFeaturePermissionRequested = on_permission
    view.WebPage.acceptNavigationRequest = accepts
    view.on_download_requested = on_download
    view.__init__ = init


def raised(window: Any) -> None:  # noqa: ANN401  # a QMainWindow, when Qt is installed
    """To the front, as large as it was."""
    from qtpy.QtCore import Qt

    states = Qt.WindowState
    kept = window.windowState() & ~states.WindowMinimized
    window.setWindowState(kept | states.WindowActive)
    window.show()
    window.raise_()
    window.activateWindow()
