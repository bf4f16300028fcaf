# The series as a graph.  A notebook runs again when its source, a package module that it reaches, a parameter or the
# data have changed, and only then; the last one reads what all others have recorded, and the long results.
# `make report` writes build/series.json and calls this; so can you, on a cluster:
#     snakemake notebooks --configfile build/series.json --executor slurm --jobs 14
import glob
import sys

from fkp_utils.course import notebooks, series
from fkp_utils.system import places

DATA, ROOT, PROFILE, KERNEL = (config[key] for key in ("data", "root", "profile", "kernel"))
OUT = str(series.folder(DATA, PROFILE).relative_to(places.CHECKOUT))
NAMES = notebooks.names()


rule notebooks:
    input:
        expand(f"{OUT}/notebooks/{{name}}.ipynb", name=NAMES),


rule notebook:
    input:
        source="notebooks/{name}.ipynb",
        modules=lambda wildcards: [
            str(path.relative_to(places.CHECKOUT))
            for path in notebooks.modules(places.NOTEBOOKS / f"{wildcards.name}.ipynb", DATA)
        ],
        needed=lambda wildcards: expand(f"{OUT}/records/{{name}}.json", name=notebooks.needed(wildcards.name)),
        results=lambda wildcards: sorted(glob.glob("results/*.json")) if notebooks.needed(wildcards.name) else [],
    output:
        notebook=f"{OUT}/notebooks/{{name}}.ipynb",
        records=f"{OUT}/records/{{name}}.json",
        figures=directory(f"{OUT}/figures/{{name}}"),
    params:
        data=DATA,
        root=lambda wildcards: ROOT,  # a function: a folder may have braces in its name
        profile=PROFILE,
        kernel=KERNEL,
        fingerprint=config["fingerprint"],
    shell:
        "{sys.executable:q} -m fkp_utils.course.series execute {wildcards.name} --data {params.data:q} --root={params.root:q}"
        " --profile {params.profile:q} --kernel {params.kernel:q} --live {config[live]}"
