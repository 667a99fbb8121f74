"""Empty branches of the tree of categories, cut off on whole sites."""

from collections.abc import Sequence
from typing import Any

from syncd.core.model import Call
from syncd.tools.base import Memory
from syncd.tools.categories_clean import CategoriesCleanTool, CleanWish
from tests.run.workshop import FILE, NO_LIMITS
from tests.tools.on_site import OnSite


def clean(**settings: Any) -> CategoriesCleanTool:
    """A categories-clean tool without limits."""
    return CategoriesCleanTool.model_validate({"file": FILE, "guard": NO_LIMITS, **settings})


def grow(site: OnSite, *paths: str) -> dict[str, int]:
    """Make categories by their paths, the mark before each name of the top; their ids by path."""
    made: dict[str, int] = {}
    for path in paths:
        *above, name = path.split("/")
        item = {"name": name if above else f"{site.mark}{name}", "parent": made["/".join(above)] if above else 0}
        item["idnumber"] = f"{site.mark}{path}"
        (answer,) = site.call("core_course_create_categories", categories=[item])
        made[path] = answer["id"]
    return made


def left(site: OnSite, made: dict[str, int]) -> list[str]:
    """Those of some categories that are still there."""
    there = {one["id"] for one in site.call("core_course_get_categories", criteria=[], addsubcategories=1)}
    return [path for path, number in made.items() if number in there]


def test_empty_branches_go_and_what_holds_courses_stays(site: OnSite) -> None:
    """A category is empty when nothing below it has a course, however deep; the one that is named stays."""
    made = grow(site, "top", "top/full", "top/full/hollow", "top/empty", "top/empty/deep", "top/path", "top/path/full")
    site.make_courses("a", categoryid=made["top/full"])
    site.make_courses("b", categoryid=made["top/path/full"])
    run = site.run_bytes(clean(), f"{site.mark}top\n".encode())
    assert run.outcomes == ["deleted"]
    assert left(site, made) == ["top", "top/full", "top/path", "top/path/full"]
    assert f"{site.mark}top / empty / deep" in run.lines[0].notes
    assert site.run_again().outcomes == ["unchanged"]


def test_a_simulation_names_them_and_deletes_none(site: OnSite) -> None:
    """Whoever looks first sees what would go."""
    made = grow(site, "top", "top/empty")
    run = site.run(clean(), "category", str(made["top"]), simulated=True)
    assert run.outcomes == ["deleted"]
    assert f"the category {made['top/empty']}: {site.mark}top / empty" in run.lines[0].notes
    assert left(site, made) == ["top", "top/empty"]


def test_only_what_holds_nothing_goes_where_it_is_set_so(site: OnSite) -> None:
    """Then a category with empty ones in it is not empty."""
    made = grow(site, "top", "top/empty", "top/empty/deep")
    site.run(clean(ignore_empty_subcategories=False), "category", f"{site.mark}top")
    assert left(site, made) == ["top", "top/empty"]


def test_a_row_that_would_delete_many_is_refused(site: OnSite) -> None:
    """One wrong name near the top must not fell the tree."""
    made = grow(site, "top", "top/a", "top/b")
    run = site.run(clean(most=1), "category", f"{site.mark}top", f"{site.mark}top/a", f"{site.mark}nowhere")
    assert run.codes == ["too-many", "", "category-missing"]
    assert left(site, made) == list(made)


def test_some_are_kept(site: OnSite) -> None:
    """What is kept keeps what lies above it."""
    made = grow(site, "top", "top/a", "top/a/b", "top/a/c")
    tool = clean(keep=[f"{site.mark}top/a/b"], category_identity="idnumber")
    site.run(tool, "category", f"{site.mark}top")
    assert left(site, made) == ["top", "top/a", "top/a/b"]


def test_rows_may_overlap(site: OnSite) -> None:
    """What an earlier row has cut off is not cut off again."""
    made = grow(site, "top", "top/a", "top/a/b")
    run = site.run(clean(), "category", f"{site.mark}top/a", f"{site.mark}top", str(made["top"]))
    assert run.outcomes == ["deleted", "deleted", "unchanged"]
    assert left(site, made) == ["top"]


def cut(tree: Sequence[tuple[int, int, int]], start: str = "0", **settings: Any) -> list[dict[str, Any]]:
    """The items that one row sends, on a site with these categories: id, parent, number of courses."""
    told = [
        {"id": number, "name": f"n{number}", "parent": parent, "coursecount": courses, "idnumber": None}
        for number, parent, courses in tree
    ]
    conversation = clean(**settings).plan([CleanWish(2, "x", start)], Memory(lambda _subject: False))
    assert next(conversation) == [
        Call("core_course_get_categories", {"criteria": [], "addsubcategories": 1}),
    ]
    try:
        conversation.send([told])
    except StopIteration as end:
        (step,) = end.value
        return [dict(act.item) for act in step.acts]
    raise AssertionError("it asks for more")


def test_nothing_moves_to_the_top() -> None:
    """Moodle lets nothing lie there: a category of the top names one that stays, deeper ones go up by themselves."""
    assert cut([(1, 0, 1), (2, 0, 0), (3, 2, 0)]) == [{"id": 3}, {"id": 2, "newparent": 1}]


def test_a_site_keeps_its_first_category() -> None:
    """Without any, Moodle can't make a course."""
    assert cut([(1, 0, 0), (2, 0, 0), (3, 1, 0)]) == [{"id": 3}, {"id": 2, "newparent": 1}]
