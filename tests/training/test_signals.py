import os
import signal

import pytest

from training import signals
from training.signals import Stopped, StopSignals


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", signals.STOP_SIGNALS)
def test_deferred_signal_waits_for_poll(number):
    with StopSignals() as stop, stop.deferred():
        stop.poll()
        send(number)
        assert stop.received == number
        with pytest.raises(Stopped) as caught:
            stop.poll()
        assert caught.value.signal == number


def test_signal_outside_deferred_stops_at_once():
    with StopSignals() as stop, pytest.raises(Stopped) as caught:
        send(signal.SIGTERM)
    assert caught.value.signal == signal.SIGTERM and stop.received == 0


def test_stopped_is_not_swallowed_by_code_that_survives_errors():
    assert not issubclass(Stopped, Exception)


def test_echo_is_ignored_and_a_later_second_signal_is_not(monkeypatch):
    with StopSignals() as stop, stop.deferred():
        send(signal.SIGINT)
        send(signal.SIGTERM)
        assert stop.received == signal.SIGINT
        monkeypatch.setattr(signals, "ECHO_SECONDS", -1.0)
        with pytest.raises(Stopped):
            send(signal.SIGTERM)


def test_a_child_process_says_nothing(capfd):
    with StopSignals() as stop, stop.deferred():
        child = os.fork()
        if child == 0:
            send(signal.SIGINT)
            os._exit(0 if stop.received == 0 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert capfd.readouterr().err == ""


def test_handlers_are_restored():
    before = [signal.getsignal(n) for n in signals.STOP_SIGNALS]
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(n) for n in signals.STOP_SIGNALS] == before
