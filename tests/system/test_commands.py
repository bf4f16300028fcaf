import pytest

from fkp_utils.system import commands


@commands.command
def main(error=None):
    """A command."""
    if error:
        raise error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("limit is 0; expected at least 1"), "limit is 0; expected at least 1"),
        (FileNotFoundError(2, "No such file", "a.csv"), "[Errno 2] No such file: 'a.csv'"),
        (ImportError(name="av"), "av is not installed; pip install 'fkp_utils[app,series]'"),
    ],
)
def test_what_is_wrong_with_the_input_is_a_sentence(capsys, error, sentence):
    assert main(error) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"error: {sentence}\n")


def test_without_an_error_the_code_is_0_and_other_errors_are_raised():
    assert main() == 0
    assert main.__doc__ == "A command."
    with pytest.raises(KeyError):
        main(KeyError("a bug"))
