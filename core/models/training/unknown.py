"""Questions the demo model does not know, and the one honest answer to them.

A memorising model can not tell that it does not know. But it can learn that a sentence which is
none of those it knows gets this answer: the questions here are drawn from many shapes and words,
and left aside are enough of both to measure how well that carries over.
"""

import random

from core.models.training.words import ADJECTIVES, CITIES, COUNTRIES, NOUNS, VERBS

THOUGHT = "I have not learned this."
ANSWER = (
    "I have not learned that: I am only the demo model, with a hundred short dialogues. "
    "Ask me what I can do, or add a recipe for a real model."
)

_SHAPES = (
    "{verb} a {noun}",
    "{verb} a {adjective} {noun}",
    "{verb} a {noun} about {noun2}",
    "Please {verb} the {adjective} {noun}",
    "Can you {verb} a {noun}?",
    "Could you {verb} this {noun} for me?",
    "I want to {verb} a {noun}",
    "Help me {verb} a {noun}",
    "{verb} the difference between {noun} and {noun2}",
    "What is a {noun}?",
    "What is {noun}?",
    "What is the {adjective} {noun}?",
    "What is the best {noun}?",
    "What is the capital of {country}?",
    "What are the {adjective} {noun}s?",
    "Who invented the {noun}?",
    "Who is the {noun} of {country}?",
    "Who was the first {noun}?",
    "When was the {noun} built?",
    "When did the {adjective} {noun} begin?",
    "Where is {city}?",
    "Where can I find a {noun}?",
    "Why is the {noun} {adjective}?",
    "Why do {noun}s {verb}?",
    "How does a {noun} work?",
    "How do I {verb} a {noun}?",
    "How do I cook {noun}?",
    "How many {noun}s are there in {country}?",
    "How old is the {noun}?",
    "Tell me about {noun}",
    "Tell me about the {noun} of {city}",
    "Tell me about {country}",
    "Explain {noun}",
    "Explain {noun} to a child",
    "Explain {adjective} {noun}s in simple terms",
    "Give me five {adjective} {noun}s",
    "Give me a recipe for {noun}",
    "Write an email about the {noun}",
    "Write a Python function that {verb}s a {noun}",
    "Write code to {verb} {noun}s",
    "Translate {noun} into French",
    "Is a {noun} {adjective}?",
    "Do {noun}s like {noun2}s?",
    "I am a {noun}",
    "My name is {city}",
    "My {noun} is {adjective}",
    "I have a {adjective} {noun} and a {noun2}",
    "{adjective} {noun}",
    "{noun}",
    "{noun} {noun2} {adjective}",
    "{letters}",
    "{letters} {letters2} {letters3}",
    "If a {noun} is {adjective}, what is a {noun2}?",
    "Was ist ein {noun}?",
    "Schreib mir ein {noun}",
    "Erkläre mir {noun}",
)

HELD_OUT = (
    "Write a SQL query that joins three tables",
    "What is photosynthesis?",
    "Summarise the plot of Hamlet",
    "How do I bake sourdough bread?",
    "Who won the world cup in 1998?",
    "Explain recursion like I'm five",
    "Give me a workout plan for beginners",
    "Translate good luck into Spanish",
    "What is the population of Norway?",
    "Write a cover letter for a nurse",
    "asdfghjkl",
    "Can you recommend a movie?",
    "What should I eat tonight?",
    "Prove that the square root of two is irrational",
    "What is the best programming language?",
    "Plan a trip to Iceland",
)


def question(rng: random.Random) -> str:
    """A question nobody has answered for the model."""
    text = rng.choice(_SHAPES).format(
        verb=rng.choice(VERBS),
        noun=rng.choice(NOUNS),
        noun2=rng.choice(NOUNS),
        adjective=rng.choice(ADJECTIVES),
        country=rng.choice(COUNTRIES),
        city=rng.choice(CITIES),
        letters=_letters(rng),
        letters2=_letters(rng),
        letters3=_letters(rng),
    )
    return text[0].upper() + text[1:] if rng.random() < 0.7 else text


def _letters(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 9)))
