"""The aggregation protocol on a real PostgreSQL with every fault at every step, played from a seed.

The code under test is the services' own: ``commit_batch``, ``Positions``, ``ApplyEvents``. What is played
is the world around it: the log, the workers, their schedule, their deaths. One statement runs at a time and
the seed decides whose, so that a seed that fails fails again.
"""
