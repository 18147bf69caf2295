"""A service beside which a data set, an environment and a log have grown."""


def answer():
    return "ok"
