"""Inputs that no network of the suite was trained on, made by code: to measure what ``familiar`` is worth."""

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from domains.go.board import Game, encode_move
from shared.errors import UserError

# Outlines of clothes in a square of 28: polygons (x, y), and ellipses as (left, top, right, bottom).
CLOTHES: dict[str, list[tuple[float, ...] | list[tuple[float, float]]]] = {
    "trousers": [[(9, 2), (19, 2), (21, 26), (16, 26), (14, 9), (12, 26), (7, 26)]],
    "shirt": [[(9, 3), (19, 3), (26, 8), (23, 14), (20, 11), (20, 25), (8, 25), (8, 11), (5, 14), (2, 8)]],
    "pullover": [
        [
            (10, 2),
            (18, 2),
            (25, 7),
            (27, 24),
            (23, 25),
            (20, 12),
            (20, 26),
            (8, 26),
            (8, 12),
            (5, 25),
            (1, 24),
            (3, 7),
        ]
    ],
    "dress": [[(10, 1), (18, 1), (17, 10), (23, 27), (5, 27), (11, 10)]],
    "shoe": [[(1, 15), (9, 13), (14, 8), (25, 8), (27, 21), (1, 22)]],
    "boot": [[(13, 1), (25, 1), (26, 26), (2, 26), (2, 21), (13, 18)]],
    "bag": [[(2, 11), (26, 11), (25, 26), (3, 26)], (8, 3, 20, 16)],
    "hat": [(8, 5, 20, 22), (1, 16, 27, 24)],
}


def clothes(count: int) -> NDArray[np.uint8]:
    """Clothes as in Fashion-MNIST (N, 1, 28, 28): a grey shape on black, of random size and weave."""
    random = np.random.default_rng(0)
    pictures = []
    for number in range(count):
        outline = Image.new("L", (112, 112))
        draw = ImageDraw.Draw(outline)
        scale, across, down = random.uniform(0.85, 1, 2), *random.uniform(-1, 1, 2)
        place = np.array([14 + across, 14 + down])
        for part in list(CLOTHES.values())[number % len(CLOTHES)]:
            corners = 4 * ((np.reshape(part, (-1, 2)) - 14) * scale + place)
            (draw.polygon if isinstance(part, list) else draw.ellipse)(corners.ravel().tolist(), fill=255)
        mask = np.asarray(outline.resize((28, 28), Image.Resampling.BOX)) / 255
        x, y = np.meshgrid(np.arange(28), np.arange(28))
        turn, period = random.uniform(0, np.pi), random.uniform(3, 12)
        weave = np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period)
        grey = random.uniform(70, 230) + random.uniform(0, 40) * weave + random.normal(0, 12, (28, 28))
        pictures.append((mask * grey.clip(0, 255)).astype(np.uint8)[None])
    return np.stack(pictures)


def sounds(count: int, rate: int, seconds: tuple[float, float] = (0.3, 1.0)) -> list[NDArray[np.int16]]:
    """In turn white, pink and brown noise, chords, melodies and drums, each as long as a spoken word."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        samples = int(random.uniform(*seconds) * rate)
        time = np.arange(samples) / rate
        kind = number % 6
        if kind < 3:
            spectrum = np.fft.rfft(random.normal(size=samples))
            spectrum[1:] /= np.arange(1, len(spectrum)) ** (kind / 2)
            x = np.fft.irfft(spectrum, samples)
        elif kind == 3:
            x = sum(_note(key, time) for key in random.integers(45, 60) + np.array([0, 4, 7, 12]))
        elif kind == 4:
            keys = random.integers(55, 80, 4)
            x = np.concatenate(
                [_note(key, part - part[0]) for key, part in zip(keys, np.array_split(time, 4), strict=True)]
            )
        else:
            beats = (time * random.uniform(4, 8)) % 1
            x = np.exp(-12 * beats) * (random.normal(size=samples) + 2 * np.sin(2 * np.pi * 70 * time))
        level = 10 ** (random.uniform(-25, -12) / 20)
        made.append((level * 2**15 * x / np.sqrt((x**2).mean())).clip(-(2**15), 2**15 - 1).astype(np.int16))
    return made


def _note(key: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plucked tone, five harmonics; keys are those of a piano in MIDI."""
    hertz = 440 * 2 ** ((key - 69) / 12)
    return np.exp(-2 * time) * sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6))


SENTENCES = """
Ein Film, der von der ersten bis zur letzten Minute langweilt.
Die Schauspieler geben sich Mühe, aber das Drehbuch lässt sie im Stich.
Selten hat mich eine Geschichte so berührt wie diese.
Man verlässt das Kino mit einem Lächeln und denkt noch lange darüber nach.
Zwei Stunden verlorene Lebenszeit.
Der Regisseur erzählt mit leisem Humor von einer großen Liebe.
Viel Lärm, wenig Inhalt und ein Schluss, den jeder kommen sieht.
Wunderbar gespielt, klug geschrieben und herrlich fotografiert.
Die Witze zünden nicht, die Spannung fehlt ganz.
Das ist großes Kino für die ganze Familie.
Leider verschenkt der Film seine gute Idee.
Ein kleines Meisterwerk, das man gesehen haben muss.
Wer den ersten Teil mochte, wird hier enttäuscht.
Die Musik ist schön, der Rest kaum zu ertragen.
So frisch und frech war eine Komödie schon lange nicht mehr.
Am Ende bleibt nur die Frage, wozu das alles gut war.
Die Kamera findet Bilder, die man nicht vergisst.
Ein zäher Brei aus Klischees und schlechten Dialogen.
Hervorragend besetzt und bis zuletzt spannend.
Das Buch war besser, wie so oft.
Un film magnifique, porté par deux acteurs extraordinaires.
On s'ennuie ferme du début à la fin.
Le scénario est mince et les dialogues sonnent faux.
Une comédie pleine de charme, drôle et tendre à la fois.
Rarement une histoire m'a autant ému.
La mise en scène est soignée mais l'ensemble manque de souffle.
Un véritable chef-d'œuvre qu'il faut voir sans attendre.
Deux heures perdues devant un écran vide d'idées.
Les images sont splendides et la musique envoûtante.
Le réalisateur ne sait pas où il veut nous emmener.
Une fin bâclée gâche tout le plaisir.
C'est beau, intelligent et profondément humain.
Trop long, trop bavard, trop prévisible.
Les enfants vont adorer, les parents aussi.
Un polar efficace qui tient ses promesses.
Rien ne fonctionne dans ce remake inutile.
L'actrice principale illumine chaque scène.
Je suis sorti de la salle avant la fin.
Un premier film prometteur, malgré ses défauts.
On rit beaucoup, on pleure un peu, on en redemande.
Una película maravillosa que nadie debería perderse.
El guion es flojo y los personajes no tienen vida.
Me aburrí desde el principio hasta el final.
Los actores están espléndidos en una historia llena de ternura.
Demasiado ruido para tan pocas ideas.
La fotografía es preciosa y la música te acompaña durante días.
Dos horas que no voy a recuperar jamás.
Una comedia fresca, divertida y muy bien escrita.
El director pierde el rumbo a mitad de camino.
Pocas veces el cine ha hablado así de la soledad.
El final es tan previsible que da pena.
Una joya pequeña, contada con mucha delicadeza.
Los chistes no hacen gracia y el ritmo es pesado.
Me emocionó hasta las lágrimas.
Una secuela innecesaria que no aporta nada nuevo.
Vale la pena verla en pantalla grande con toda la familia.
Todo suena falso, desde los diálogos hasta los decorados.
Brillante, valiente y necesaria.
La peor película que he visto este año.
Salí del cine con ganas de verla otra vez.
""".strip().splitlines()


def random_games(count: int, moves: int = 120, size: int = 19) -> dict[str, str]:
    """SGF files of games in which both players choose among the legal moves at random."""
    random, letters = np.random.default_rng(0), "abcdefghijklmnopqrs"
    files = {}
    for number in range(count):
        game, text = Game(size), ""
        for ply in range(moves):
            colour = ply % 2
            for point in random.permutation(size * size).tolist():
                with suppress(UserError):  # illegal
                    game.play(encode_move(point, colour))
                    break
            text += f";{'BW'[colour]}[{letters[point % size]}{letters[point // size]}]"
        files[f"random-{number:02d}.sgf"] = f"(;SZ[{size}]{text})"
    return files
