import gc
import logging
import os
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import ConfigError, UnknownPresetError
from langchain_modelrouter.reload import FollowedConfig, create_with_preset, follow, set_preset

POLL_S = 0.02


def until(condition: Callable[[], bool], *, timeout_s: float = 2.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("modelrouter-follows-")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "modelrouter.yaml"
    path.write_text("preset: mixed_optimal  # the one line\n")
    return path


@pytest.fixture
def followed(file: Path) -> Iterator[FollowedConfig]:
    with closing(FollowedConfig(file, poll_s=POLL_S)) as followed:
        yield followed


def test_a_change_is_in_force_soon_and_its_listeners_hear_of_it(file: Path, followed: FollowedConfig) -> None:
    heard: list[tuple[str, str]] = []
    followed.subscribe(lambda old, new: heard.append((old.preset, new.preset)))
    file.write_text("preset: dev_fast\n")
    assert until(lambda: bool(heard))
    assert followed.current.preset == "dev_fast"
    assert heard == [("mixed_optimal", "dev_fast")]


def test_a_change_is_in_force_within_two_seconds_at_the_usual_pace(file: Path) -> None:
    with closing(FollowedConfig(file)) as followed:
        file.write_text("preset: dev_fast\n")
        assert until(lambda: followed.current.preset == "dev_fast", timeout_s=2.0)


def test_a_change_of_an_extended_file_is_seen(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("preset: mixed_optimal\n")
    top = tmp_path / "top.yaml"
    top.write_text("extends: base.yaml\n")
    with closing(FollowedConfig(top, poll_s=POLL_S)) as followed:
        base.write_text("preset: dev_fast\n")
        assert until(lambda: followed.current.preset == "dev_fast")


def test_an_extended_file_that_comes_late_is_seen(file: Path, followed: FollowedConfig) -> None:
    file.write_text("extends: late.yaml\n")
    time.sleep(POLL_S * 5)
    (file.parent / "late.yaml").write_text("preset: dev_fast\n")
    assert until(lambda: followed.current.preset == "dev_fast")


def test_a_link_that_is_turned_is_seen(tmp_path: Path) -> None:
    for name, preset in (("one", "mixed_optimal"), ("two", "dev_fast")):
        (tmp_path / f"{name}.yaml").write_text(f"preset: {preset}\n")
    link = tmp_path / "modelrouter.yaml"
    link.symlink_to("one.yaml")
    with closing(FollowedConfig(link, poll_s=POLL_S)) as followed:
        (tmp_path / "new").symlink_to("two.yaml")
        (tmp_path / "new").rename(link)
        assert until(lambda: followed.current.preset == "dev_fast")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("preset: nope\n", ":1: preset: there is no preset 'nope'"),
        ("preset: dev_fast\nmodels: {a: [\n", ":3: (file): it is not valid YAML"),
        ("", ":0: (file): it is empty now"),
        (None, ":0: (file): there is no such file"),
    ],
)
def test_a_broken_file_leaves_the_last_good_one_and_is_logged_once(
    file: Path, followed: FollowedConfig, caplog: pytest.LogCaptureFixture, text: str | None, says: str
) -> None:
    good = followed.current
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert until(lambda: bool(caplog.records))
    time.sleep(POLL_S * 15)
    assert followed.current is good
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert f"{file}{says}" in caplog.text


def test_other_broken_content_is_logged_again_and_a_good_file_ends_it(
    file: Path, followed: FollowedConfig, caplog: pytest.LogCaptureFixture
) -> None:
    for count, name in enumerate(("nope", "nopes"), 1):
        file.write_text(f"preset: {name}\n")
        assert until(lambda: len(caplog.records) == count)  # noqa: B023 - called before the next turn
    file.write_text("preset: dev_fast\n")
    assert until(lambda: followed.current.preset == "dev_fast")


def test_a_file_is_not_read_while_it_is_being_written(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(FollowedConfig(file, poll_s=0.1)) as followed:
        with file.open("w") as half:
            for part in ("preset: dev_", "fast\n", "models: {", "}\n", "retry: {same_model: ", "0}\n"):
                half.write(part)
                half.flush()
                time.sleep(0.03)
        assert until(lambda: followed.current.retry.same_model == 0)
    assert followed.current.preset == "dev_fast"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_touched_file_changes_nothing(file: Path, followed: FollowedConfig) -> None:
    heard: list[str] = []
    followed.subscribe(lambda _old, new: heard.append(new.preset))
    before = followed.current
    file.write_text(file.read_text() + "# a remark\n")
    time.sleep(POLL_S * 10)
    assert followed.current is before
    assert heard == []


def test_a_listener_that_fails_does_not_keep_the_change_from_others(
    file: Path, followed: FollowedConfig, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_old: RouterConfig, _new: RouterConfig) -> None:
        raise RuntimeError("no")

    heard: list[str] = []
    followed.subscribe(fails)
    followed.subscribe(lambda _old, new: heard.append(new.preset))
    file.write_text("preset: dev_fast\n")
    assert until(lambda: heard == ["dev_fast"])
    assert "A listener" in caplog.text
    file.write_text("preset: nebius_balanced\n")
    assert until(lambda: heard == ["dev_fast", "nebius_balanced"])


def test_many_reloads_under_many_readers_never_fail(file: Path, followed: FollowedConfig) -> None:
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            config = followed.current
            assert config.active_preset == config.preset_models(config.preset)
            seen.add(config.preset)
            time.sleep(0.001)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for count in range(20):
        set_preset(file, ("dev_fast", "nebius_balanced")[count % 2])
        time.sleep(POLL_S * 4)
    stop.set()
    for reader in readers:
        reader.join()
    assert {"dev_fast", "nebius_balanced"} <= seen


def test_one_file_is_followed_once(file: Path) -> None:
    first, second = follow(file), follow(str(file))
    assert first is second
    first.close()
    third = follow(file)
    assert third is not first
    third.close()


def test_the_thread_ends_with_its_owner(file: Path) -> None:
    before = set(watchers())
    followed = FollowedConfig(file, poll_s=POLL_S)
    ref = weakref.ref(followed)
    del followed
    gc.collect()
    assert ref() is None
    assert until(lambda: set(watchers()) <= before)


def test_a_listening_method_does_not_keep_its_object(file: Path, followed: FollowedConfig) -> None:
    class Router:
        def changed(self, _old: RouterConfig, _new: RouterConfig) -> None:
            """Do nothing."""

    router = Router()
    followed.subscribe(router.changed)
    ref = weakref.ref(router)
    del router
    gc.collect()
    assert ref() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_following_goes_on_in_a_forked_child(file: Path, followed: FollowedConfig) -> None:
    child = os.fork()
    if child == 0:  # pragma: no cover
        assert followed.current.preset == "mixed_optimal"
        file.write_text("preset: dev_fast\n")
        os._exit(0 if until(lambda: followed.current.preset == "dev_fast") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_broken_file_cannot_be_followed_from_the_start(file: Path) -> None:
    file.write_text("preset: nope\n")
    with pytest.raises(ConfigError):
        follow(file)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("preset: mixed_optimal\n", "preset: dev_fast\n"),
        ("# x\nversion: 1\npreset:   mixed_optimal   # why\n", "# x\nversion: 1\npreset:   dev_fast   # why\n"),
        ('preset: "mixed_optimal" # a\r\nversion: 1\r\n', 'preset: "dev_fast" # a\r\nversion: 1\r\n'),
        ("preset: 'mixed_optimal'", "preset: 'dev_fast'"),
        ("preset:\nversion: 1\n", "preset: dev_fast\nversion: 1\n"),
        ("version: 1\n", "preset: dev_fast\nversion: 1\n"),
        ("# only this\n", "# only this\npreset: dev_fast\n"),
        ("# a\n---\nversion: 1\n", "# a\n---\npreset: dev_fast\nversion: 1\n"),
        ("preset: mistyped\n", "preset: dev_fast\n"),
        ("\ufeffpreset: mixed_optimal\n", "\ufeffpreset: dev_fast\n"),
        ("preset: dev_fast  # it is\n", "preset: dev_fast  # it is\n"),
        ("tasks: {t: {description: |\n", None),
        (
            "budgets:\n  - name: x\n    usd: 1\n    per: day\n    preset: nebius_balanced\npreset: mixed_optimal\n",
            "budgets:\n  - name: x\n    usd: 1\n    per: day\n    preset: nebius_balanced\npreset: dev_fast\n",
        ),
        ("{preset: mixed_optimal}\n", None),
    ],
)
def test_switching_the_preset_edits_one_line_and_no_other_byte(tmp_path: Path, before: str, after: str | None) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(before.encode())
    if after is None:
        with pytest.raises(ConfigError):
            set_preset(path, "dev_fast")
    else:
        assert set_preset(path, "dev_fast").preset == "dev_fast"
    assert path.read_bytes().decode() == (before if after is None else after)
    assert os.listdir(tmp_path) == ["c.yaml"]


def test_switching_the_preset_of_a_toml_file_leaves_tables_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    budget = '[[budgets]]\nname = "x"\nusd = 1\nper = "day"\npreset = "nebius_balanced"\n'
    path.write_text(f'preset = "mixed_optimal" # x\n{budget}')
    set_preset(path, "dev_fast")
    assert path.read_text() == f'preset = "dev_fast" # x\n{budget}'
    path.write_text(budget)
    set_preset(path, "dev_fast")
    assert path.read_text() == f'preset = "dev_fast"\n{budget}'


def test_switching_keeps_the_mode_and_the_link(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    set_preset(link, "dev_fast")
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.read_text() == "preset: dev_fast  # the one line\n"


def test_an_unknown_preset_is_refused_and_the_file_stays(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(UnknownPresetError, match="Did you mean 'dev_fast'"):
        set_preset(file, "dev_fasst")
    assert file.read_bytes() == before


def test_a_file_with_other_faults_is_not_switched(file: Path) -> None:
    file.write_text("preset: mixed_optimal\nmodles: {}\n")
    with pytest.raises(ConfigError, match="modles: unknown key"):
        set_preset(file, "dev_fast")


def test_a_file_can_be_made_for_a_built_in_preset(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    assert create_with_preset(path, "dev_fast").preset == "dev_fast"
    with pytest.raises(ConfigError, match="cannot be made"):
        create_with_preset(path, "dev_fast")
    with pytest.raises(UnknownPresetError):
        create_with_preset(tmp_path / "other.yaml", "nope")
    assert not (tmp_path / "other.yaml").exists()
