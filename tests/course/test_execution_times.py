import types

from fkp_utils.course import execution_times


def stamp(clock, seconds, processors, trainings=()):
    return {
        "executed": f"2026-01-01T10:{clock}+00:00",
        "seconds": seconds,
        "processor_seconds": processors,
        "cores": 2,
        "trainings": list(trainings),
    }


def training(key, label, seconds):
    return {"key": key, "label": label, "faces": 1200, "restarts": 2, "epochs": 24, "seconds": seconds}


def written(**stamps):
    book = {name: types.SimpleNamespace(metadata={"fkp": each}) for name, each in stamps.items()}
    return execution_times.page(book)


def test_seconds_in_which_several_notebooks_were_at_work_count_once():
    apart = [stamp("00:00", 30.0, 1.0), stamp("05:00", 10.0, 1.0)]
    assert execution_times.covered(apart) == 40
    assert execution_times.covered([*apart, stamp("00:20", 20.0, 1.0), stamp("00:05", 5.0, 1.0)]) == 50


def test_the_use_of_the_processors_and_each_training_once_stand_on_the_page():
    small, large = training("a", "small, masked", 4.0), training("b", "lenet5 | masked", 21.5)
    page = written(**{
        "01_eda": stamp("00:00", 60.0, 90.0, [small]), "02_imputation": stamp("00:40", 60.0, 60.0, [large, small])
    })  # fmt: skip
    assert "| Together | | 120.0 | 150.0 | |" in page
    assert "for 100 seconds. In these, 1.50 of 2 processors were busy" in page
    assert "2 experiments took 26 seconds in all." in page
    rows = [line for line in page.splitlines() if "masked" in line]
    assert rows == [
        "| lenet5 / masked | [02](02_imputation.ipynb) | 1,200 | 2 | 24 | 21.5 |",
        "| small, masked | [01](01_eda.ipynb), [02](02_imputation.ipynb) | 1,200 | 2 | 24 | 4.0 |",
    ]


def test_a_notebook_of_an_earlier_version_has_neither():
    old = {
        name: value for name, value in stamp("00:00", 60.0, 90.0).items() if name in ("executed", "seconds", "cores")
    }
    page = written(**{"01_eda": old, "02_imputation": stamp("00:40", 60.0, 60.0)})
    assert "| Together | | 120.0 |  | |" in page
    assert "processors were busy" not in page
    assert "Trainings" not in page
