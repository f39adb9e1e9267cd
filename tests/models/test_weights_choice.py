"""A small machine gets the smaller language model and is told why."""

from visavis.models.weights_choice import OPTIONS, Speed, choose_llm, estimated_speeds

FAST = {option.name: Speed(500, 100) for option in OPTIONS}


def test_a_good_machine_gets_the_best() -> None:
    choice = choose_llm(int(8e9), int(50e9), FAST)
    assert choice.name == OPTIONS[0].name
    assert "fits" in choice.reason


def test_little_memory_gives_the_smaller() -> None:
    choice = choose_llm(int(1.2e9), int(50e9), FAST)
    assert choice.name == "llm-0.5b"
    assert "memory" in choice.reason and "1.2 GB" in choice.reason


def test_little_disk_gives_the_smaller() -> None:
    choice = choose_llm(int(8e9), int(1e9), FAST)
    assert choice.name == "llm-0.5b"
    assert "disk" in choice.reason


def test_a_slow_processor_gives_the_smaller() -> None:
    slow = {"llm-1.5b": Speed(20, 8), "llm-0.5b": Speed(90, 30)}
    choice = choose_llm(int(8e9), int(50e9), slow)
    assert choice.name == "llm-0.5b"
    assert "processor" in choice.reason


def test_when_nothing_fits_the_smallest_is_tried_and_a_remedy_named() -> None:
    choice = choose_llm(int(1e8), int(1e8))
    assert choice.name == OPTIONS[-1].name
    assert "OPENAI_BASE_URL" in choice.reason


def test_estimates_grow_with_the_processor() -> None:
    small, large = estimated_speeds(2, True, False), estimated_speeds(8, True, True)
    assert all(large[name].answer_s() < small[name].answer_s() for name in small)
