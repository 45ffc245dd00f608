"""The words of the demo's reviews. No adjective occurs in a sentence pattern or in the other list, so that polarity can be counted."""

POSITIVE = (
    "delicious", "wonderful", "charming", "excellent", "lovely", "superb", "delightful", "brilliant", "fantastic", "gorgeous",
    "impressive", "pleasant", "perfect", "terrific", "splendid", "marvelous", "tasty", "enjoyable", "cozy", "memorable",
)  # fmt: skip
NEGATIVE = (
    "awful", "terrible", "bland", "horrible", "dreadful", "disappointing", "dirty", "rude", "boring", "stale",
    "miserable", "mediocre", "unpleasant", "annoying", "lousy", "filthy", "dull", "tedious", "shabby", "greasy",
)  # fmt: skip

# What is reviewed, and what can be said to be good or bad about it.
ASPECTS = {
    "restaurant": ("soup", "pasta", "dessert", "waiter", "dining room", "wine list", "bread", "menu"),
    "hotel": ("room", "breakfast", "lobby", "receptionist", "pool", "bed", "view", "elevator"),
    "film": ("plot", "soundtrack", "lead actor", "ending", "dialogue", "camera work", "second half", "villain"),
    "book": ("prose", "main character", "opening chapter", "plot", "cover", "final chapter", "translation", "narrator"),
}
DEGREES = ("really", "truly", "quite", "absolutely", "simply", "very", "rather", "surprisingly", "consistently", "", "")
PEOPLE = ("sister", "brother", "mother", "uncle", "cousin", "colleague", "neighbor", "boss", "wife", "husband")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = ("first", "second", "third", "fourth", "last")
