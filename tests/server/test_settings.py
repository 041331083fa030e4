"""What the environment may say, and that nothing else is taken or shown."""

from pathlib import Path

import pytest
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.settings import read_settings
from tinylytics_tools.access import Access

SECRET = "tly-fa-canary-0123456789"


def refusal(**environment: str) -> str:
    """The one line that a bad environment gets."""
    with pytest.raises(UsageError) as caught:
        read_settings(environment)
    line = str(caught.value)
    assert "\n" not in line
    for value in environment.values():
        assert value.strip() not in line
    return line


def test_an_empty_environment_is_the_defaults() -> None:
    settings = read_settings({})
    assert settings.key is None
    assert settings.base_url == "https://tinylytics.app/api/v1"
    assert settings.access is None
    assert (settings.preferences.site, settings.preferences.time_zone) == (None, "utc")
    assert settings.state_dir.is_absolute()
    assert "tinylytics-mcp" in settings.state_dir.parts
    assert settings.warnings == ()


def test_a_variable_set_to_nothing_counts_as_not_set() -> None:
    names = ("API_KEY", "API_KEY_FILE", "BASE_URL", "READ_ONLY", "SITE", "TIME_ZONE", "STATE_DIR")
    assert read_settings({f"TINYLYTICS_{name}": " " for name in names}) == read_settings({})


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "TINYLYTICS_API_KEY": f" {SECRET}\n",
            "TINYLYTICS_BASE_URL": "http://127.0.0.1:8001/api/v1/",
            "TINYLYTICS_READ_ONLY": "1",
            "TINYLYTICS_SITE": " My Blog ",
            "TINYLYTICS_TIME_ZONE": "User",
            "TINYLYTICS_STATE_DIR": str(tmp_path / "state"),
        }
    )
    assert settings.key is not None
    assert settings.key.authorization == f"Bearer {SECRET}"
    assert settings.base_url == "http://127.0.0.1:8001/api/v1"
    assert settings.access is Access.READ_ONLY
    assert (settings.preferences.site, settings.preferences.time_zone) == ("My Blog", "user")
    assert settings.state_dir == tmp_path / "state"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_read_only_is_switched_on_by(word: str) -> None:
    assert read_settings({"TINYLYTICS_READ_ONLY": word}).access is Access.READ_ONLY


@pytest.mark.parametrize("word", ["0", "False", "no", "off"])
def test_read_only_is_switched_off_by(word: str) -> None:
    assert read_settings({"TINYLYTICS_READ_ONLY": word}).access is None


@pytest.mark.parametrize("word", ["2345", "-1", "enabled", "truthful", "null", "${TINYLYTICS_READ_ONLY}"])
def test_any_other_word_for_read_only_is_refused(word: str) -> None:
    assert refusal(TINYLYTICS_READ_ONLY=word).startswith("TINYLYTICS_READ_ONLY takes")


@pytest.mark.parametrize("zone", ["mars", "Europe/Berlin", "UTC+1", "users"])
def test_other_time_zones_are_refused(zone: str) -> None:
    assert refusal(TINYLYTICS_TIME_ZONE=zone).startswith("TINYLYTICS_TIME_ZONE takes utc or user")


@pytest.mark.parametrize("site", ["x" * 301, "my\x1b[2Jblog", "a\nb", "a\u202eb"])
def test_a_site_that_no_question_could_name_is_refused(site: str) -> None:
    assert refusal(TINYLYTICS_SITE=site).startswith("TINYLYTICS_SITE")


def test_a_state_folder_is_a_full_path_of_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in ("state", "./state", str(tmp_path / "file"), "~nobody-of-that-name/x", "/x\0y"):
        assert refusal(TINYLYTICS_STATE_DIR=path).startswith("TINYLYTICS_STATE_DIR")


@pytest.mark.parametrize("mark", ["\t", "\r\n", "\x1b", "\x7f", "\u202e"])
def test_an_address_with_a_control_character_is_refused(mark: str) -> None:
    for url in (f"https://tiny{mark}lytics.app/api/v1", f"https://tinylytics.app/api{mark}/v1", f"ht{mark}tps://a.app"):
        assert refusal(TINYLYTICS_BASE_URL=url).startswith("TINYLYTICS_BASE_URL")


@pytest.mark.parametrize("key", ["tly-fa one", "tly-fa-\x01", "tly-fa-é", "tly-fa-a\nb"])
def test_a_key_that_is_not_one_word_is_refused(key: str) -> None:
    assert refusal(TINYLYTICS_API_KEY=key).startswith("TINYLYTICS_API_KEY: ")


def test_a_key_comes_from_one_place(tmp_path: Path) -> None:
    file = key_file(tmp_path, SECRET)
    assert "both set" in refusal(TINYLYTICS_API_KEY=SECRET, TINYLYTICS_API_KEY_FILE=str(file))


def test_a_key_file_is_read_and_trimmed(tmp_path: Path) -> None:
    settings = read_settings({"TINYLYTICS_API_KEY_FILE": str(key_file(tmp_path, f"{SECRET}\r\n"))})
    assert settings.key is not None
    assert settings.key.authorization == f"Bearer {SECRET}"
    assert settings.warnings == ()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_key_file_that_others_may_open_is_warned_of(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, SECRET)
    file.chmod(mode)
    (warning,) = read_settings({"TINYLYTICS_API_KEY_FILE": str(file)}).warnings
    assert warning.startswith("TINYLYTICS_API_KEY_FILE")
    assert SECRET not in warning


def test_a_key_file_without_a_key_is_refused_without_its_content(tmp_path: Path) -> None:
    contents = {"empty": b" \n", "two words": b"canary canary", "binary": b"\xff\xfecanary", "huge": b"canary" * 1000}
    for content in contents.values():
        file = tmp_path / "key"
        file.write_bytes(content)
        line = refusal(TINYLYTICS_API_KEY_FILE=str(file))
        assert line.startswith("TINYLYTICS_API_KEY_FILE")
        assert "canary" not in line


def test_a_key_in_the_place_of_the_files_name_is_not_shown(tmp_path: Path) -> None:
    for name in (SECRET, str(tmp_path / "no-such-file"), str(tmp_path), "/x\0y", "~nobody-of-that-name/key"):
        assert refusal(TINYLYTICS_API_KEY_FILE=name).startswith("TINYLYTICS_API_KEY_FILE names")


def key_file(folder: Path, content: str) -> Path:
    """A file that only its owner may open."""
    file = folder / "key"
    file.write_text(content)
    file.chmod(0o600)
    return file


def test_an_address_without_the_path_of_the_api_is_taken_with_a_warning() -> None:
    assert read_settings({"TINYLYTICS_BASE_URL": "https://tinylytics.app/api/v1/"}).warnings == ()
    (line,) = read_settings({"TINYLYTICS_BASE_URL": "https://tinylytics.app"}).warnings
    assert "/api/v1" in line
