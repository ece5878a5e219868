"""Writes windows.csv: moments and quartiles of windows by SciPy 1.17.1 and NumPy 2.4.6 (pip install scipy==1.17.1
numpy==2.4.6). Run it here. A flat window has no skew in SciPy; by our definition skew and kurtosis are then 0."""
import math
import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
cases = {}
for n in (4, 5, 10, 20, 50, 100, 500):
    cases[f"uniform {n}"] = rng.uniform(-1, 1, n)
    cases[f"normal {n}"] = rng.normal(0, 1, n)
    cases[f"skewed {n}"] = np.exp(rng.normal(0, 1, n))
for n in (20, 100, 500):
    cases[f"flat {n}"] = np.full(n, 0.1)
    outlier = rng.normal(0, 1, n)
    outlier[n // 3] = 1e6
    cases[f"outlier inside {n}"] = outlier
    cases[f"outlier last {n}"] = np.roll(outlier, n - 1 - n // 3)
    cases[f"two values {n}"] = np.where(np.arange(n) % 5 == 0, 1.0, -1.0)
    cases[f"tiny {n}"] = rng.normal(0, 1e-6, n)
    cases[f"huge {n}"] = rng.normal(0, 1e12, n)
    cases[f"far from zero {n}"] = rng.normal(1e5, 1, n)
    cases[f"ties {n}"] = rng.integers(-2, 3, n).astype(float)
    cases[f"trend {n}"] = np.arange(n) / 8.0
with open("windows.csv", "w") as f:
    f.write("case,values,mean,std,skew,kurtosis,p25,p75\n")
    for name, x in cases.items():
        flat = np.all(x == x[0])
        shape = [0.0, 0.0] if flat else [stats.skew(x, bias=False), stats.kurtosis(x, bias=False)]
        row = [math.fsum(x) / len(x), 0.0 if flat else x.std(), *shape, *np.percentile(x, [25, 75])]
        f.write(",".join([name, " ".join(repr(float(v)) for v in x), *(repr(float(v)) for v in row)]) + "\n")
