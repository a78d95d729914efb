from isic_cli.services.download.crowd import Crowd


class Times:
    """A wall clock and a processor clock that a test moves."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def crowd(self, jobs: int | None = None) -> Crowd:
        return Crowd(jobs, clock=lambda: self.wall, cpu=lambda: self.cpu)


def test_threads_double_while_files_wait_for_the_line_up_to_64() -> None:
    times = Times()
    crowd = times.crowd()
    seen = []
    for _ in range(4):
        times.wall += 0.1
        seen.append(crowd.look(waiting=100))
    assert seen == [32, 64, 64, 64]


def test_a_busy_processor_gets_no_more_threads() -> None:
    times = Times()
    crowd = times.crowd()
    for _ in range(4):
        times.wall += 0.1
        times.cpu += 0.08
        assert crowd.look(waiting=100) == 16


def test_nobody_is_added_while_nothing_waits_or_before_it_is_known() -> None:
    times = Times()
    crowd = times.crowd()
    times.wall = 10.0
    assert crowd.look(waiting=0) == 16
    assert crowd.look(waiting=1) == 32
    times.wall += 0.05
    assert crowd.look(waiting=1) == 32


def test_a_given_number_is_kept_to() -> None:
    times = Times()
    crowd = times.crowd(4)
    times.wall = 10.0
    assert (crowd.look(waiting=100), crowd.most) == (4, 4)
