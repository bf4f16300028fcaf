# The series as a graph.  A notebook runs again when its source, a package module that it reaches, a parameter or the
# data have changed, and only then; the last one reads what all others have recorded, and the long results.
# `make report` writes build/series.json and calls this.  So can you on a cluster, after `make cluster`:
#     snakemake notebooks --configfile build/series.json --executor slurm --keep-going --jobs 14
# What each notebook asks for there is in RESOURCES; on one machine nothing is asked.
import sys

from fkp_utils.course import notebooks, series
from fkp_utils.system import places

DATA, ROOT, PROFILE, KERNEL = (config[key] for key in ("data", "root", "profile", "kernel"))
OUT = str(series.folder(DATA, PROFILE).relative_to(places.CHECKOUT))
NAMES = notebooks.names()
# MB of memory, minutes on two cores with PROFILE=quick, and GPUs with PROFILE=full.  A cluster ends what goes beyond
# them; what was trained until then is kept, and another call goes on.  Minutes are some eight times those of a series
# of November 2026 on two cores with AVX-512 (9 s to 264 s a notebook, two at a time), as older processors take four
# times as long.  The memory of a notebook's processes was measured at its peak: with PROFILE=smoke 0.4 to 1.9 GB, but
# 2.1 in 10 and 2.4 in 04 (02 was not measured); with PROFILE=long, on Kaggle's faces, 1.6 GB (07), 1.9 (03), 5.7 (04).
RESOURCES = {
    "01_eda": (4000, 20, 0),
    "02_imputation": (4000, 20, 0),
    "03_lenet_activations": (4000, 20, 1),
    "04_vgg_feature_maps": (8000, 20, 1),
    "05_augmentation": (4000, 20, 1),
    "06_error_analysis": (4000, 30, 1),
    "07_grad_cam": (4000, 20, 1),
    "08_regularisation_and_learning_rate": (4000, 20, 1),
    "09_shape_aware_loss": (4000, 40, 1),
    "10_celeba_backbones": (8000, 20, 1),
    "11_nose_tip_to_68_points": (4000, 20, 1),
    "12_synthetic_faces": (4000, 20, 1),
    "13_best_model": (8000, 30, 1),
    "14_what_held_up": (4000, 20, 0),
}
# How many times the memory and the minutes other profiles ask for.  "long" trains some fifteen times as much; for
# "full" nothing was measured: the factor makes it half a day to a day.
TIMES = {"long": (2, 16), "full": (4, 36)}


def asked(wildcards):
    """MB, minutes and GPUs that a notebook asks of a cluster; one that RESOURCES does not name asks like a training."""
    memory, minutes, gpus = RESOURCES.get(wildcards.name, (4000, 40, 1))
    more, longer = TIMES.get(PROFILE, (1, 1))
    return memory * more, minutes * longer, gpus if PROFILE == "full" else 0


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
        cpus_per_task=2,  # of a cluster; here notebooks share the processors
        mem_mb=lambda wildcards: asked(wildcards)[0],
        runtime=lambda wildcards: asked(wildcards)[1],
        gpu=lambda wildcards: asked(wildcards)[2],
    shell:
        "{sys.executable:q} -m fkp_utils.course.series execute {wildcards.name} --data {params.data:q} --root={params.root:q}"
        " --profile {params.profile:q} --kernel {params.kernel:q} --live {config[live]}"
