"""What pywebview 6.2.1 gets wrong with WebKitGTK, put right from outside.

1. A link to another site in the same frame replaces the app in its own window.
2. A download asks for a folder, and raises TypeError when no XDG download folder is known.
"""

from typing import Any

from desktop.window_links import download_target, is_external, open_outside


def put_right(home: str) -> None:
    """Call once, before the window is created; `home` is the app's own address."""
    from gi.repository import GLib
    from webview.platforms import gtk

    platform: Any = gtk

    GLib.set_prgname("vllm-studio")  # so that desktops match the window with our .desktop file
    view: Any = platform.BrowserView
    stock_navigation = view.on_navigation

    def on_navigation(self: Any, page: Any, decision: Any, kind: Any) -> Any:  # noqa: ANN401
        if type(decision) is not platform.webkit.NavigationPolicyDecision:
            return stock_navigation(self, page, decision, kind)
        url = decision.get_navigation_action().get_request().get_uri()
        new_window = kind == platform.webkit.PolicyDecisionType.NEW_WINDOW_ACTION
        if not new_window and not is_external(url, home):
            return False  # WebKit goes on by itself
        open_outside(url)
        decision.ignore()
        return True

    def on_destination(_self: Any, download: Any, suggested: str) -> bool:  # noqa: ANN401
        download.set_destination(GLib.filename_to_uri(str(download_target(suggested))))
        return True

    view.on_navigation = on_navigation
    view.on_download_decide_destination = on_destination
