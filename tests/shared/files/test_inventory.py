"""Everything seen is accounted for."""

import pytest

from shared.errors import UserError
from shared.files.inventory import HIDDEN, Inventory


@pytest.fixture
def seen() -> Inventory:
    seen = Inventory()
    for name in ("cat/a.png", "cat/b.png", "dog/a.png"):
        seen.use(name)
    for number in range(40):
        seen.skip(f"fox/{number}.heic", "of kind .heic")
    seen.skip("cat/c.png", "unreadable", "a truncated\npicture")
    seen.skip("cat/.DS_Store", HIDDEN)
    return seen


def test_the_summary_counts_everything_and_names_the_first(seen: Inventory) -> None:
    first, *reasons = seen.summary("pictures")
    assert first == "pictures: 45 seen, 3 used, 42 skipped"
    assert reasons[0] == "  40 of kind .heic: fox/0.heic, fox/1.heic, fox/2.heic, …"
    assert "  1 unreadable: cat/c.png (a truncated picture)" in reasons
    assert len(reasons) == 3
    assert Inventory().summary() == []


def test_folders_of_which_nothing_is_used_are_found(seen: Inventory) -> None:
    seen.skip("pig/.DS_Store", HIDDEN)
    assert seen.unused_folders() == {"fox": {"of kind .heic": 40}}


def test_a_cache_can_keep_it(seen: Inventory) -> None:
    again = Inventory.of_array(seen.array())
    assert again.summary() == seen.summary()
    assert again.unused_folders() == seen.unused_folders()
    again.skip("cat/d.png", "unreadable")
    assert again.skipped["unreadable"] == 2


def test_a_second_path_is_added(seen: Inventory) -> None:
    other = Inventory()
    other.use("owl/a.png", 2)
    other.skip("owl/b.png", "unreadable")
    other.skip("fox/40.heic", "of kind .heic")
    seen.add(other)
    assert (seen.used, sum(seen.skipped.values())) == (5, 44)
    assert "  2 unreadable: cat/c.png (a truncated picture), owl/b.png" in seen.summary()
    assert "  41 of kind .heic: fox/0.heic, fox/1.heic, fox/2.heic, …" in seen.summary()
    assert seen.unused_folders() == {"fox": {"of kind .heic": 41}}


def test_strict_refuses_what_is_skipped_but_not_what_is_hidden(seen: Inventory) -> None:
    seen.refuse(strict=False)
    with pytest.raises(UserError, match=r"fox/0\.heic: of kind \.heic"):
        seen.refuse(strict=True)
    hidden = Inventory()
    hidden.skip(".git/config", HIDDEN)
    hidden.refuse(strict=True)


def test_more_than_half_skipped_for_one_reason_is_an_error(seen: Inventory) -> None:
    seen.check_share("unreadable", "convert them")
    with pytest.raises(UserError, match=r"40 of 44 .*kind \.heic \(the first: fox/0\.heic\); convert"):
        seen.check_share("of kind .heic", "convert them")
