import json

import pytest

from fkp_utils.course import front
from fkp_utils.system import places


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A repository with a table of notebooks and a figure."""
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    (tmp_path / "README.md").write_text(f"{front.START}old\n{front.END}")
    (tmp_path / "figures" / "01_eda").mkdir(parents=True)
    (tmp_path / "figures" / "01_eda" / "old.png").touch()
    return tmp_path


def series(folder, data="synthetic", profile="quick"):
    stamp = {"parameters": {"DATA": data, "PROFILE": profile}, "values": {"finding": "Faces."}, "claims": {}}
    for part in ("records", "figures/01_eda"):
        (folder / part).mkdir(parents=True)
    (folder / "records" / "01_eda.json").write_text(json.dumps(stamp))
    return str(folder)


def test_the_default_run_is_shown(shown):
    assert front.main([series(shown / "made")]) == 0
    assert "(notebooks/01_eda.ipynb) | Faces. |" in (shown / "README.md").read_text()
    assert not (shown / "figures" / "01_eda" / "old.png").exists()


@pytest.mark.parametrize("other", [("kaggle", "quick"), ("synthetic", "smoke")])
def test_other_series_are_refused_and_nothing_is_lost(shown, capsys, other):
    assert front.main([series(shown / "made", *other)]) == 1
    assert f"01_eda.json: of {', '.join(other)}; expected synthetic, quick" in capsys.readouterr().err
    assert "old" in (shown / "README.md").read_text()
    assert (shown / "figures" / "01_eda" / "old.png").exists()


def test_no_series_is_refused(shown, capsys):
    assert front.main([str(shown / "made")]) == 1
    assert "no records; expected those of a series" in capsys.readouterr().err
    assert front.main([]) == 1
    assert "expected the folder of the default series" in capsys.readouterr().err
