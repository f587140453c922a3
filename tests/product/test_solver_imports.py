"""OR-Tools and HiGHS, both with a HiGHS inside, live in one process whichever comes first."""

from __future__ import annotations

import subprocess
import sys

import pytest

CP_SAT = """
from ortools.sat.python import cp_model
cp = cp_model.CpModel()
x = cp.new_int_var(0, 9, "x")
cp.maximize(x)
solver = cp_model.CpSolver()
assert solver.solve(cp) == cp_model.OPTIMAL and solver.value(x) == 9
"""
HIGHS = """
import highspy
highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
x = highs.addVariable(ub=9)
highs.maximize(x)
assert highs.val(x) == 9
"""
DIAGRAM = """
from pullcord.product import Family, Option, ProductModel, count_buildable
assert count_buildable(ProductModel((Family("f", "F"),), (Option("a", "f", "A"), Option("b", "f", "B")), ())) == 2
"""


@pytest.mark.parametrize("order", [(CP_SAT, HIGHS), (HIGHS, CP_SAT)], ids=["cp-sat first", "highs first"])
def test_the_solvers_share_a_process_in_either_order(order):
    done = subprocess.run(
        [sys.executable, "-c", "".join((*order, DIAGRAM))], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
