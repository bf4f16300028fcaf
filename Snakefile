# The series as a graph.  A notebook runs again when its source, a package module that it reaches, a parameter or the
# data have changed, and only then; the last one reads what all others have recorded, and the long results.
# `make report` writes build/series.json and calls this; so can you, on a cluster:
#     snakemake notebooks --configfile build/series.json --executor slurm --jobs 14
# What each notebook asks for there is in RESOURCES; on one machine nothing is asked.
import sys

from fkp_utils.course import notebooks, series
from fkp_utils.system import places

DATA, ROOT, PROFILE, KERNEL = (config[key] for key in ("data", "root", "profile", "kernel"))
OUT = str(series.folder(DATA, PROFILE).relative_to(places.CHECKOUT))
NAMES = notebooks.names()
# MB of memory, minutes on two cores with PROFILE=quick, and GPUs with PROFILE=full.  Bounds, not measurements: a cluster
# ends what goes beyond them.  With "full" all faces are read and networks are trained ten times as long or more.
RESOURCES = {
    "01_eda": (4000, 20, 0),
    "02_imputation": (4000, 30, 0),
    "03_lenet_activations": (4000, 40, 1),
    "04_vgg_feature_maps": (8000, 60, 1),
    "05_augmentation": (4000, 40, 1),
    "06_error_analysis": (4000, 40, 1),
    "07_grad_cam": (4000, 40, 1),
    "08_regularisation_and_learning_rate": (4000, 40, 1),
    "09_shape_aware_loss": (4000, 40, 1),
    "10_celeba_backbones": (8000, 60, 1),
    "11_nose_tip_to_68_points": (4000, 40, 1),
    "12_synthetic_faces": (4000, 40, 1),
    "13_best_model": (8000, 120, 1),
    "14_what_held_up": (4000, 20, 0),
}
FULL = PROFILE == "full"


def asked(wildcards):
    """MB, minutes and GPUs that a notebook asks of a cluster; one that RESOURCES does not name asks like a training."""
    memory, minutes, gpus = RESOURCES.get(wildcards.name, (4000, 40, 1))
    return (4 * memory, 24 * minutes, gpus) if FULL else (memory, minutes, 0)


rule notebooks:
    input:
        expand(f"{OUT}/notebooks/{{name}}.ipynb", name=NAMES),


rule notebook:
    input:
        lambda wildcards: expand(f"{OUT}/records/{{name}}.json", name=notebooks.needed(wildcards.name)),
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
        sources=lambda wildcards: notebooks.version(wildcards.name, DATA),
    resources:
        mem_mb=lambda wildcards: asked(wildcards)[0],
        runtime=lambda wildcards: asked(wildcards)[1],
        gpu=lambda wildcards: asked(wildcards)[2],
    shell:
        "{sys.executable:q} -m fkp_utils.course.series execute {wildcards.name} --data {params.data:q} --root={params.root:q}"
        " --profile {params.profile:q} --kernel {params.kernel:q} --live {config[live]}"
