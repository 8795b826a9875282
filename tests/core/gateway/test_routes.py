"""The table that the hot path reads."""

from core.gateway.routes import Route, Routes, RouteTable


def route(name: str = "a", recipe_id: str = "a") -> Route:
    """Any route."""
    return Route(name=name, recipe_id=recipe_id, engine_id="e1", port=4000, upstream_model="a")


def test_a_look_up_sees_one_table_or_the_next_never_a_mixture() -> None:
    """Who holds a table keeps it while another takes its place."""
    routes = Routes()
    routes.replace(RouteTable.of([route("a"), route("b")]))
    before = routes.current
    routes.replace(RouteTable.of([route("c")]))
    assert (len(before), before.get("c")) == (2, None)
    assert routes.current.get("a") is None


def test_of_two_routes_with_one_name_the_first_wins() -> None:
    """A clash of names is decided the same way every time."""
    table = RouteTable.of([route("a", "one"), route("a", "two")])
    found = table.get("a")
    assert found is not None
    assert found.recipe_id == "one"


def test_listeners_are_told_of_a_replacement_until_they_stop() -> None:
    """Admission hears of new routes, and can stop hearing."""
    routes, heard = Routes(), []
    stop = routes.listen(lambda: heard.append(len(routes.current)))
    routes.replace(RouteTable.of([route()]))
    stop()
    routes.replace(RouteTable({}))
    assert heard == [1]


def test_a_table_knows_which_recipes_are_served() -> None:
    """Asked by recipe, whatever the names."""
    table = RouteTable.of([route("alias", "a")])
    assert table.serves("a")
    assert not table.serves("alias")
