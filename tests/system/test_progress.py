import sys
import types

import pytest

from fkp_utils.system import progress


def test_plain_lines_come_now_and_then(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress.Line, "_kernel", staticmethod(lambda: False))
    line = progress.Line()
    for second in range(40):
        now[0] = 100.0 + second
        line.write(f"second {second}")
    line.close("done")
    assert capsys.readouterr().out.splitlines() == ["second 15", "second 30", "done"]


def test_a_terminal_shows_one_line(capsys, monkeypatch):
    monkeypatch.setattr(progress.Line, "_kernel", staticmethod(lambda: False))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    line = progress.Line()
    line.written -= 1
    line.write("half")
    line.close("done")
    assert capsys.readouterr().out == "\r\033[Khalf\r\033[Kdone\n"


def test_a_notebook_replaces_its_output(monkeypatch):
    shown = []
    display = pytest.importorskip("IPython.display")
    handle = types.SimpleNamespace(update=lambda data, raw: shown.append(("update", data)))
    monkeypatch.setattr(display, "display", lambda data, raw, display_id: shown.append(("show", data)) or handle)
    monkeypatch.setattr(progress.Line, "_kernel", staticmethod(lambda: True))
    line = progress.Line()
    line.written -= 2
    line.write("half")
    line.close("done")
    assert shown == [("show", {"text/plain": "half"}), ("update", {"text/plain": "done"})]
