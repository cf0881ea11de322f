from __future__ import annotations

from pathlib import Path

import pytest

from memory.errors import HomeUnusable
from memory.home import Home


def test_one_folder_holds_everything_when_one_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert all(place.path.is_relative_to(tmp_path) for place in home.locate())


def test_the_flag_wins_over_the_variable_and_the_variable_over_the_platform(tmp_path: Path) -> None:
    environ = {"PILOTHOUSE_HOME": str(tmp_path / "variable")}
    assert Home.find(environ, tmp_path / "flag").root == tmp_path / "flag"
    assert Home.find(environ).root == tmp_path / "variable"
    assert Home.find({"PILOTHOUSE_HOME": ""}).root is None
    assert Home.find({}).root is None


def test_the_platforms_own_places_keep_configuration_data_state_and_cache_apart() -> None:
    home = Home.find({})
    folders = [home.config, home.data, home.state, home.cache]
    assert len(set(folders)) == 4
    assert all("pilothouse" in str(folder) and folder.is_absolute() for folder in folders)


def test_asking_for_paths_makes_nothing(tmp_path: Path) -> None:
    Home(tmp_path / "home").locate()
    assert list(tmp_path.iterdir()) == []


def test_every_folder_is_closed_to_everybody_else(tmp_path: Path) -> None:
    (tmp_path / "home" / "data").mkdir(parents=True)
    (tmp_path / "home" / "data").chmod(0o755)
    home = Home(tmp_path / "home").prepare()
    folders = [tmp_path / "home", *(f for f in (tmp_path / "home").rglob("*") if f.is_dir())]
    assert {f.stat().st_mode & 0o777 for f in folders} == {0o700}
    assert {home.config, home.data, home.state, home.cache, home.leases, home.logs, home.spill} <= set(
        folders
    )


def test_preparing_twice_does_no_harm(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").prepare()
    home.journal.write_text("kept")
    home.prepare()
    assert home.journal.read_text() == "kept"


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file is in the way")
    with pytest.raises(HomeUnusable, match=r"cannot be used: .*Choose another one with --home"):
        Home(tmp_path / "home").prepare()


def test_every_place_has_a_name_of_its_own(tmp_path: Path) -> None:
    places = Home(tmp_path).locate()
    assert len({place.name for place in places}) == len({place.path for place in places}) == len(places)
