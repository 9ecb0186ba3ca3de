from time import perf_counter

import pytest

from langchain_modelrouter.routing.classifiers.difficulty import difficulty, feature_names, features, question

EASY_PROBLEM = "Lotte has 9 plums and gets 4 more. How many plums does she have?"
HARD_PROBLEM = (
    "A cinema has 300 seats. On Friday 60% of them were sold at $9 each, on Saturday a third more than on Friday, "
    "and on Sunday half as many as on both days together, at a discount of 10%. The film costs $1,200 a day and "
    "each of the 6 ushers earns $80 a day. How much money did the cinema make over the three days?"
)
SUM = "How many integers from 1 to 500 are divisible by 3 but not by 5?\nA. 133\nB. 134\nC. 166\nD. 100"
TRIVIA = "Which country is famous for its tulips and windmills?\nA. Spain\nB. The Netherlands\nC. Norway\nD. Malta"


@pytest.mark.parametrize(
    ("harder", "easier"),
    [
        (HARD_PROBLEM, EASY_PROBLEM),
        (SUM, TRIVIA),
        ("Implement a lock-free queue in C++ and prove that it is linearizable.", "Write a poem about my cat."),
        ("Solve for x: 3^(2x) - 4 * 3^x + 3 = 0. Explain each step.", "Recommend three novels for a rainy week."),
        ("Prove that there are infinitely many primes of the form 4k + 3.", "Hello, how are you?"),
    ],
)
def test_what_needs_more_steps_is_more_difficult(harder: str, easier: str) -> None:
    assert difficulty(harder) > difficulty(easier)


@pytest.mark.parametrize(
    ("prompt", "kind"), [(HARD_PROBLEM, "problem"), (SUM, "choice"), ("Write a haiku.", "open"), ("", "open")]
)
def test_kinds_of_prompts(prompt: str, kind: str) -> None:
    assert features(prompt)[0] == kind
    assert len(features(prompt)[1]) == len(feature_names())


@pytest.mark.parametrize(
    "wrapped",
    [
        "Please answer the following multiple-choice question.\n\nQuestion: {}\n\nAnswer:",
        "Question: {}\n\nProvide the correct letter choice in \\boxed{{X}}. Keep your explanation short.",
        "Q: {}\nA:",
        "{}\nLet's think step by step.",
    ],
)
def test_a_benchmark_template_is_not_the_score(wrapped: str) -> None:
    assert question(wrapped.format(SUM)) == SUM
    assert difficulty(wrapped.format(SUM)) == pytest.approx(difficulty(SUM))


def test_solved_examples_before_the_question_are_left_out() -> None:
    solved = "Question: What is 1 + 1?\nAnswer: 2\n\n" * 3
    assert question(f"{solved}Question: {EASY_PROBLEM}\nAnswer:").endswith(EASY_PROBLEM)
    assert "1 + 1?\nAnswer" not in question(f"{solved}Question: {EASY_PROBLEM}\nAnswer:")


@pytest.mark.parametrize("text", ["", " ", "\x00", "ü" * 50, "مرحبا", "🙂", "A. ", "9" * 5000, "Answer:"])
def test_any_text_has_a_difficulty(text: str) -> None:
    assert 0.0 <= difficulty(text) <= 1.0
    assert difficulty(text) == difficulty(text)


@pytest.mark.parametrize("piece", ["a", "A. ", "\n", "(A", "Answer: x\n\n", "Question: ", "please answer ", "1,"])
def test_a_megabyte_takes_bounded_time(piece: str) -> None:
    difficulty("warm up")
    start = perf_counter()
    difficulty(piece * (1_000_000 // len(piece)))
    assert perf_counter() - start < 0.25
