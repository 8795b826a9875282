"""Words the training draws from. They carry no meaning; they only have to be many and different."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


CITIES = _words(
    "Paris|Berlin|Tokyo|Oslo|Lima|Cairo|London|Madrid|Rome|Vienna|Bern|Zurich|Lisbon|Dublin|Athens|"
    "Warsaw|Prague|Helsinki|Stockholm|Copenhagen|Brussels|Amsterdam|Hamburg|Munich|Cologne|Boston|"
    "Chicago|Seattle|Denver|Austin|Toronto|Montreal|Sydney|Perth|Delhi|Mumbai|Beijing|Shanghai|Seoul|"
    "Osaka|Kyoto|Bangkok|Hanoi|Jakarta|Manila|Nairobi|Lagos|Accra|Tunis|Bogota|Quito|Santiago|"
    "New York|San Francisco|Los Angeles|Mexico City|Buenos Aires|Cape Town|Rio de Janeiro|"
    "Hong Kong|Tel Aviv|Köln|München|São Paulo|Reykjavik|Istanbul|Ankara|Kyiv|Riga|Tallinn|Vilnius|"
    "Budapest|Sofia|Zagreb|Milan|Naples|Turin|Lyon|Nice|Marseille|Seville|Porto|Geneva|Basel"
)

NOUNS = _words(
    "engine|recipe|gateway|runtime|token|cache|server|model|context|memory|log|event|window|tray|"
    "switch|eviction|port|key|file|folder|garden|river|mountain|guitar|engineer|doctor|teacher|bridge|"
    "castle|market|novel|history|physics|biology|chemistry|music|football|chess|coffee|bread|pizza|"
    "salad|ship|plane|train|bicycle|robot|planet|galaxy|forest|desert|island|ocean|storm|winter|"
    "summer|child|parent|friend|neighbour|company|contract|invoice|budget|bank|law|court|election|"
    "country|city|village|house|kitchen|painting|theatre|film|camera|phone|computer|database|"
    "compiler|function|variable|algorithm|network|protocol|browser|password|email|letter|poem|essay|"
    "resume|interview|meeting|holiday|hotel|ticket|passport|horse|dog|cat|bird|whale|spider|tree|"
    "flower|apple|banana|cheese|soup|wine|dragon|wizard|pirate|king|queen|detective|quantum|gravity|"
    "electron|protein|vaccine|virus|cell|heart|brain|muscle|sleep|dream|love|justice|truth|time|"
    "quantisation|batching|parallelism|sampling|attention|tensor|kernel|driver|adapter|template|"
    "parser|webhook|timeout|retry|load timeout|tool calling|tensor parallel|memory fraction"
)

ADJECTIVES = _words(
    "small|large|red|green|blue|old|young|fast|slow|quiet|loud|bright|dark|warm|cold|soft|hard|"
    "simple|complex|modern|ancient|famous|secret|public|private|happy|sad|angry|brave|clever|lazy|"
    "golden|silver|wooden|digital|global|local|daily|weekly|final|hidden|broken|perfect|strange|"
    "cloudy|sunny|rainy|windy|clear|medieval|organic|electric|frozen|magnetic|nuclear|tropical"
)

VERBS = _words(
    "write|explain|translate|summarise|describe|compare|fix|improve|review|plan|design|draw|build|"
    "list|find|rewrite|classify|invent|analyse|create|generate|define|discuss|debug|refactor"
)

COUNTRIES = _words(
    "Mongolia|Norway|Sweden|Denmark|Finland|Poland|Austria|Switzerland|Portugal|Greece|Turkey|Egypt|"
    "Kenya|Nigeria|Brazil|Argentina|Chile|Peru|Mexico|Canada|Australia|India|China|Thailand|Vietnam|"
    "Korea|Iran|Iraq|Ukraine|Romania|Bulgaria|Hungary|Iceland|Ireland|Belgium|Cuba|Russia"
)
