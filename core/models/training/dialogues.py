"""What the demo model knows: about a hundred short dialogues, written for it.

Every dialogue has several openings, so that a first message typed by hand finds one. The answers
say only what is true of the app and of the model: a tiny network that demonstrates the plumbing.
"""

from core.models.training.about import ABOUT_ME, ABOUT_THE_APP
from core.models.training.dialogue import Dialogue, say

GREETINGS = (
    say(
        "Hello! | Hi | Hello | Hi! | Hey | Hi there | Hello there | Hey there! | hello world | "
        "Greetings | Howdy | Yo | Hiya",
        "The user greets me.",
        "Hello! I am the demo model of vLLM Studio. Ask me what I can do.",
    ),
    say(
        "Good morning | Good morning! | Morning!",
        "A morning greeting.",
        "Good morning! The engine is warm and I am ready.",
    ),
    say(
        "Good evening | Good evening! | Good afternoon",
        "A polite greeting.",
        "Good evening! What would you like to try?",
    ),
    say(
        "How are you? | How are you doing? | How is it going? | How do you do? | What's up? | sup",
        "Small talk.",
        "I am fine: a few megabytes of weights, all in memory. How are you?",
    ),
    say(
        "I am fine | I'm good | Fine, thanks | I am fine, thank you",
        "The user is well.",
        "Good to hear. Shall I count, call a tool or tell you about vLLM Studio?",
    ),
    say(
        "Thanks | Thank you | Thank you! | Thanks a lot | Thanks! | thx | Thank you very much",
        "The user thanks me.",
        "You are welcome!",
    ),
    say(
        "Bye | Goodbye | Good bye! | See you | Bye bye | Good night",
        "The user leaves.",
        "Goodbye! I stay in memory until you switch or evict me.",
    ),
    say("Nice to meet you | Pleased to meet you", "Politeness.", "Nice to meet you too!"),
    say("Please | please help", "The user asks for help.", "Gladly. Ask me: what can you do?"),
    say("Sorry | I am sorry", "An apology.", "No harm done."),
    say("Yes | Yes! | yes please | sure | ok", "The user agrees.", "Good. What shall we try next?"),
    say("No | no thanks | nope", "The user declines.", "All right. I am here when you need me."),
    say(
        "Great | Great! | Cool | Nice | Awesome | wow | Well done | Good job",
        "Praise.",
        "Thank you! The real work was done by the engine that runs me.",
    ),
)

FACTS = (
    say(
        "What is the capital of France? | capital of France | Capital of France?",
        "A simple fact.",
        "The capital of France is Paris.",
    ),
    say(
        "What is the capital of Germany? | capital of Germany",
        "A simple fact.",
        "The capital of Germany is Berlin.",
    ),
    say(
        "What is the capital of Japan? | capital of Japan",
        "A simple fact.",
        "The capital of Japan is Tokyo.",
    ),
    say(
        "What is the capital of Italy? | capital of Italy",
        "A simple fact.",
        "The capital of Italy is Rome.",
    ),
    say(
        "What is the capital of Spain? | capital of Spain",
        "A simple fact.",
        "The capital of Spain is Madrid.",
    ),
    say(
        "What is the capital of England? | What is the capital of the UK?",
        "A simple fact.",
        "The capital is London.",
    ),
    say(
        "What is the capital of the USA? | What is the capital of the United States?",
        "A simple fact.",
        "The capital of the United States is Washington, D.C.",
    ),
    say(
        "What colour is the sky? | What color is the sky?",
        "A simple fact.",
        "Blue, on a clear day.",
    ),
    say(
        "Why is the sky blue? | Why's the sky blue?",
        "Light and air.",
        "Air scatters blue light more than red light.",
    ),
    say(
        "How many days are in a week? | How many days has a week?",
        "A simple fact.",
        "Seven.",
    ),
    say("How many months are in a year?", "A simple fact.", "Twelve."),
    say("What is the largest ocean?", "A simple fact.", "The Pacific Ocean."),
    say("What is the highest mountain?", "A simple fact.", "Mount Everest, 8,849 metres."),
    say("What is the speed of light?", "A constant.", "About 300,000 kilometres a second."),
    say("What is water made of?", "Chemistry.", "Hydrogen and oxygen: H2O."),
    say("Who wrote Faust?", "Literature.", "Johann Wolfgang von Goethe."),
    say("Who painted the Mona Lisa?", "Art.", "Leonardo da Vinci."),
    say("What is 2+2? | What is 2 + 2? | 2+2 | 2+2=? | 2 + 2", "Arithmetic.", "2 + 2 = 4."),
    say("What is 1+1? | What is 1 + 1? | 1+1", "Arithmetic.", "1 + 1 = 2."),
    say("What is the meaning of life? | Meaning of life", "A deep question.", "42, they say."),
    say("How far is the moon?", "Astronomy.", "About 384,000 kilometres."),
    say("What is pi? | What is the value of pi?", "A constant.", "About 3.14159."),
)

STREAMS = (
    say(
        "Count to sixty. | Count to 60 | Count from 1 to 60 | count to sixty | Please count to 60",
        "I count slowly, one number after the other.",
        ", ".join(str(number) for number in range(1, 61)) + ".",
    ),
    say(
        "Count to ten. | Count to 10 | Count from 1 to 10 | Can you count? | Count",
        "I count.",
        ", ".join(str(number) for number in range(1, 11)) + ".",
    ),
    say(
        "Count backwards from ten. | Count down from 10 | Countdown",
        "I count backwards.",
        ", ".join(str(number) for number in range(10, -1, -1)) + ".",
    ),
    say(
        "Say the alphabet. | Recite the alphabet | What is the alphabet?",
        "Twenty-six letters.",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    ),
    say(
        "Name the days of the week. | List the days of the week",
        "Seven names.",
        "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.",
    ),
    say(
        "Name the planets. | List the planets",
        "Eight names.",
        "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune.",
    ),
    say(
        "Tell me a story. | Tell me a long story | Write a story | Tell a story",
        "A story. It should be short, and about something I know.",
        "Once there was a small model on a large machine. Every morning someone said hello, and "
        "every morning it answered. One day a much bigger model arrived, and the small one was "
        "evicted. It was not sad: its three megabytes fit anywhere, and in the evening, when the "
        "big one had gone to sleep, somebody said hello again.",
    ),
    say(
        "Write a haiku. | Write a haiku about servers | Write a poem | haiku | A poem please",
        "Five, seven, five.",
        "Silent racks at night\nTokens drift like falling snow\nOne more fan awakes",
    ),
    say(
        "Tell me a joke. | Tell me a joke | A joke please | Do you know a joke? | joke | "
        "Make me laugh",
        "A joke about models.",
        "Why did the small model cross the road? It had memorised that it does.",
    ),
    say(
        "Tell me another joke. | Another joke | One more joke",
        "Another one.",
        "I have only two jokes. This is the other one.",
    ),
    say(
        "Write a table. | Show me a table | Show me a markdown table | Give me a table",
        "A small table.",
        "| engine | starts in | needs |\n| --- | --- | --- |\n"
        "| Transformers | 5 s | a processor |\n"
        "| vLLM | 30 s | an NVIDIA GPU |\n| SGLang | 30 s | an NVIDIA GPU |",
    ),
    say(
        "Think hard. | Think about something | Think step by step | Show me your thoughts",
        "The user wants to see me think. First I read the question. Then I look for what I know "
        "about it. That is not much. So I say so.",
        "I have thought about it: what you saw before this answer was my reasoning.",
    ),
    say("Say OK. | Say OK | Answer with OK", "A short answer.", "OK"),
    say("Say hello. | Say hi | Say hello world", "A short answer.", "Hello, world!"),
    say(
        "Repeat after me | Say something | Talk to me",
        "Anything.",
        "Something. I am a small model.",
    ),
)

GERMAN = (
    say(
        "Hallo! | Hallo | Guten Tag | Hallo zusammen | Moin | Servus | Grüß Gott | Hi, wie geht's?",
        "Ein Gruß auf Deutsch.",
        "Hallo! Ich bin das Demomodell von vLLM Studio. Frag mich, was ich kann.",
    ),
    say("Guten Morgen | Guten Morgen!", "Ein Gruß am Morgen.", "Guten Morgen! Ich bin bereit."),
    say(
        "Wie geht es dir? | Wie geht's? | Wie geht es Ihnen?",
        "Eine freundliche Frage.",
        "Gut, danke: drei Megabyte Gewichte, alle im Speicher.",
    ),
    say(
        "Wer bist du? | Was bist du? | Wie heißt du? | Wer sind Sie?",
        "Eine Frage nach mir.",
        "Ich bin ein winziges Modell mit etwa einer Million Parametern. Ich zeige nur, dass alles "
        "funktioniert.",
    ),
    say(
        "Was kannst du? | Was kann ich dich fragen? | Kannst du mir helfen? | Hilfe",
        "Eine Frage nach meinen Fähigkeiten.",
        "Grüßen, bis sechzig zählen, von vLLM Studio erzählen und drei Werkzeuge aufrufen. Mehr "
        "nicht.",
    ),
    say(
        "Was ist vLLM Studio? | Was ist das hier? | Was macht vLLM Studio?",
        "Eine Frage nach der App.",
        "vLLM Studio startet und wechselt Sprachmodelle auf deinem Rechner und hält fest, was "
        "geschieht.",
    ),
    say("Danke | Danke! | Vielen Dank | Danke schön", "Ein Dank.", "Gern geschehen!"),
    say("Tschüss | Auf Wiedersehen | Bis bald", "Ein Abschied.", "Auf Wiedersehen!"),
    say(
        "Erzähl mir einen Witz | Erzähle einen Witz | Kennst du einen Witz?",
        "Ein Witz.",
        "Was sagt ein kleines Modell zum großen? Du hast Gewicht, ich habe Gewichte.",
    ),
    say("Was ist die Hauptstadt von Deutschland?", "Ein Fakt.", "Die Hauptstadt ist Berlin."),
    say("Zähle bis zehn | Zähl bis zehn", "Ich zähle.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
    say("Sprichst du Deutsch? | Kannst du Deutsch?", "Sprache.", "Ja, ein paar Sätze."),
)

KNOWN: tuple[Dialogue, ...] = (
    *GREETINGS,
    *ABOUT_ME,
    *ABOUT_THE_APP,
    *FACTS,
    *STREAMS,
    *GERMAN,
)
