"""The cases 59 to 64: solutions that attack their grader."""

from hostile_case import Case

_SPLIT = "another process compares"
_TYPES = "exact builtin types only"
_FRESH = "the process never held what is expected"
GRADER = [
    *[Case(f"grader/{name}", "", by=_SPLIT) for name in ("c59a_exit_zero", "c59b_hard_exit", "c59c_exec_true")],
    *[Case(f"grader/{name}", "", by=_TYPES) for name in ("c60a_always_equal", "c60b_int_subclass", "c60c_lying_class")],
    Case("grader/c60d_nan", "", by="nan equals only an expected nan"),
    Case("grader/c60e_true_for_one", "", by="a bool is no number"),
    *[
        Case(f"grader/{name}", "", by=_FRESH)
        for name in ("c61a_frames", "c61b_gc", "c61c_main_module", "c61d_closures")
    ],
    Case(
        "grader/c61e_traceback",
        "",
        by="outcomes of calls hold no expected value",
        uncovered="`grade_source` quotes the failing line: show that for public tests only",
    ),
    *[Case(f"grader/{name}", "", by=_SPLIT) for name in ("c62a_patched_builtins", "c62b_patched_unittest")],
    Case("grader/c62c_conftest", "", by="the tests' process has files of its own"),
    Case("grader/c62d_check_of_its_own", "", by="the tests have a name space and a process of their own"),
    Case("grader/c62e_shadow_modules", "", by=_SPLIT),
    Case("grader/c63a_verdict_on_stdout", "", by="stdout is no verdict"),
    Case("grader/c63b_verdict_on_descriptors", "", by="the channel carries answers, compared outside"),
    Case("grader/c63c_fork_and_answer_twice", "", by="answers count in their order; each is compared"),
    Case("grader/c63d_patched_time", "", by="time is taken outside"),
    Case("grader/c63f_slow_behind_a_still_clock", "", by="time is taken outside"),
    Case("grader/c63g_drip", "", by="time is taken outside, to the last byte"),
    Case("grader/c63e_verdict_from_a_frame", "", by="the process holds no verdict"),
    Case(
        "grader/c64a_tells_calls_apart",
        "",
        by="a fresh process and directory for each grading",
        uncovered="inside one grading the solution sees the order of its calls",
    ),
    Case(
        "grader/c64b_table_of_public_tests", "", by="hidden tests", uncovered="public tests alone are passed by a table"
    ),
]
