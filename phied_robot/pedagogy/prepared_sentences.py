"""The prepared sentences: occasion, language, manner, variants."""

from typing import Final

Manners = dict[str, tuple[str, ...]]

LATE_OPENERS: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("I think this may help.", "Perhaps I can say it like this.", "I would put it this way."),
        "neutral": ("Here is what the lesson says.", "This is the main idea.", "Listen to this."),
        "extravert": (
            "Great, let's look at this together!",
            "Oh, we can find this out!",
            "We have something nice here!",
        ),
    },
    "fr": {
        "introvert": ("Je crois que ceci peut aider.", "Je dirais peut-être ceci.", "Je le dirais ainsi."),
        "neutral": ("Voici ce que dit la leçon.", "Voici l'idée principale.", "Écoute bien."),
        "extravert": (
            "Super, regardons cela ensemble !",
            "Oh, nous allons trouver !",
            "Nous avons une belle idée ici !",
        ),
    },
    "de": {
        "introvert": (
            "Ich glaube, das hilft dir vielleicht.",
            "Ich würde es so sagen.",
            "Vielleicht kann ich es so sagen.",
        ),
        "neutral": ("Das steht in unserer Lektion.", "Das ist der wichtigste Gedanke.", "Hör gut zu."),
        "extravert": (
            "Toll, das schauen wir uns zusammen an!",
            "Oh, das finden wir heraus!",
            "Wir haben da etwas Schönes!",
        ),
    },
}

UNKNOWN: Final[dict[str, Manners]] = {
    "en": {
        "introvert": (
            "I am not sure, and I do not want to guess. Maybe your teacher knows.",
            "I do not know that, I think. Perhaps you could ask your teacher.",
            "I do not know. I could perhaps tell you something about our lesson.",
        ),
        "neutral": (
            "I do not know that. Your teacher may know.",
            "That is not in our lesson, so I do not know. Ask your teacher.",
            "I do not know the answer. Shall I tell you something about our lesson?",
        ),
        "extravert": (
            "Good question, but I do not know that! Let's ask your teacher together!",
            "Oh, I do not know that one! We can ask your teacher!",
            "I do not know that, but we can find out together! Let's ask your teacher!",
        ),
    },
    "fr": {
        "introvert": (
            "Je ne suis pas sûr, et je ne veux pas deviner. Ton enseignant le sait peut-être.",
            "Je crois que je ne le sais pas. Tu peux peut-être demander à ton enseignant.",
        ),
        "neutral": (
            "Je ne le sais pas. Demande à ton enseignant.",
            "Ce n'est pas dans notre leçon, alors je ne le sais pas.",
        ),
        "extravert": (
            "Bonne question, mais je ne le sais pas ! Demandons ensemble à ton enseignant !",
            "Oh, ça, je ne le sais pas ! Nous pouvons le découvrir ensemble !",
        ),
    },
    "de": {
        "introvert": (
            "Ich bin nicht sicher, und ich möchte nicht raten. Vielleicht weiß es deine Lehrkraft.",
            "Ich glaube, das weiß ich nicht. Vielleicht fragst du deine Lehrkraft.",
        ),
        "neutral": (
            "Das weiß ich nicht. Frag am besten deine Lehrkraft.",
            "Das kommt in unserer Lektion nicht vor, deshalb weiß ich es nicht.",
        ),
        "extravert": (
            "Gute Frage, aber das weiß ich nicht! Wir fragen zusammen deine Lehrkraft!",
            "Oh, das weiß ich nicht! Das finden wir zusammen heraus!",
        ),
    },
}

FILLERS: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("Hmm, I am thinking.", "I need a moment.", "Let me think."),
        "neutral": ("Let me think.", "One moment.", "Hmm, let me see."),
        "extravert": ("Ooh, let's see!", "Let's think!", "Oh, nice one!"),
    },
    "fr": {
        "introvert": ("Hmm, je réfléchis.", "Il me faut un instant.", "Je cherche."),
        "neutral": ("Laisse-moi réfléchir.", "Un instant.", "Hmm, voyons."),
        "extravert": ("Oh, voyons cela !", "Réfléchissons ensemble !", "Oh, très bien !"),
    },
    "de": {
        "introvert": ("Hm, ich überlege.", "Ich brauche einen Moment.", "Ich denke nach."),
        "neutral": ("Lass mich überlegen.", "Einen Moment.", "Hm, mal sehen."),
        "extravert": ("Oh, schauen wir mal!", "Wir überlegen mal!", "Oh, schön!"),
    },
}

GREETINGS: Final[dict[str, Manners]] = {
    "en": {
        "introvert": (
            "Hello. I have a lesson for you: {title}. What would you like to know?",
            "Hello. I thought you might like this lesson: {title}. Ask me what you wonder about.",
        ),
        "neutral": (
            "Hello! Today's lesson is: {title}. What would you like to know?",
            "Hello! Our lesson today: {title}. Ask me anything about it.",
        ),
        "extravert": (
            "Hello, how nice to see you! Let's explore together: {title}! What shall we find out first?",
            "Hi there! We have a great lesson today: {title}! What would you love to know?",
        ),
    },
    "fr": {
        "introvert": (
            "Bonjour. J'ai une leçon pour toi : {title}. Que voudrais-tu savoir ?",
            "Bonjour. Cette leçon te plaira peut-être : {title}. Que te demandes-tu ?",
        ),
        "neutral": (
            "Bonjour ! La leçon d'aujourd'hui : {title}. Que veux-tu savoir ?",
            "Bonjour ! Notre leçon : {title}. Pose-moi tes questions.",
        ),
        "extravert": (
            "Bonjour, quel plaisir de te voir ! Explorons ensemble : {title} ! Par quoi commençons-nous ?",
            "Salut ! Nous avons une belle leçon : {title} ! Qu'aimerais-tu découvrir ?",
        ),
    },
    "de": {
        "introvert": (
            "Hallo. Ich habe eine Lektion für dich: {title}. Was möchtest du wissen?",
            "Hallo. Vielleicht gefällt dir diese Lektion: {title}. Was fragst du dich?",
        ),
        "neutral": (
            "Hallo! Unsere Lektion heute: {title}. Was möchtest du wissen?",
            "Hallo! Heute geht es um: {title}. Frag mich, was du wissen willst.",
        ),
        "extravert": (
            "Hallo, wie schön, dich zu sehen! Wir entdecken zusammen: {title}! Womit fangen wir an?",
            "Hallo! Wir haben heute eine tolle Lektion: {title}! Was wollen wir herausfinden?",
        ),
    },
}

RESUMED: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("I am back. I am listening.", "I can go on now, if you like."),
        "neutral": ("I am back. We can go on.", "Let us go on with the lesson."),
        "extravert": ("I am back, hooray! Let's go on together!", "Here we are again! What shall we find out next?"),
    },
    "fr": {
        "introvert": ("Je suis de retour. Je t'écoute.", "Je peux continuer, si tu veux."),
        "neutral": ("Je suis de retour. Nous pouvons continuer.", "Continuons la leçon."),
        "extravert": ("Me revoilà, youpi ! Continuons ensemble !", "Nous revoilà ! Que découvrons-nous maintenant ?"),
    },
    "de": {
        "introvert": ("Ich bin wieder da. Ich höre zu.", "Ich kann jetzt weitermachen, wenn du magst."),
        "neutral": ("Ich bin wieder da. Wir können weitermachen.", "Machen wir mit der Lektion weiter."),
        "extravert": (
            "Ich bin wieder da, juhu! Wir machen zusammen weiter!",
            "Da sind wir wieder! Was entdecken wir jetzt?",
        ),
    },
}

STORIES: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("I know a story that you may like. {title}.", "Here is a small story for you. {title}."),
        "neutral": ("Listen to this story: {title}.", "Here is a story. {title}."),
        "extravert": ("Oh yes, a story! It is called: {title}!", "Let's have a story together! {title}!"),
    },
    "fr": {
        "introvert": (
            "Je connais une histoire qui te plaira peut-être. {title}.",
            "Voici une petite histoire. {title}.",
        ),
        "neutral": ("Écoute cette histoire : {title}.", "Voici une histoire. {title}."),
        "extravert": ("Oh oui, une histoire ! Elle s'appelle : {title} !", "Vivons une histoire ensemble ! {title} !"),
    },
    "de": {
        "introvert": (
            "Ich kenne eine Geschichte, die dir vielleicht gefällt. {title}.",
            "Hier ist eine kleine Geschichte für dich. {title}.",
        ),
        "neutral": ("Hör dir diese Geschichte an: {title}.", "Hier ist eine Geschichte. {title}."),
        "extravert": ("O ja, eine Geschichte! Sie heißt: {title}!", "Wir hören zusammen eine Geschichte! {title}!"),
    },
}

RIGHT: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("Yes, I think so too.", "That is right, I believe."),
        "neutral": ("Yes, that is right.", "Right."),
        "extravert": ("Yes, hooray, that is right!", "Wonderful, you have got it!"),
    },
    "fr": {
        "introvert": ("Oui, je le crois aussi.", "C'est juste, je crois."),
        "neutral": ("Oui, c'est juste.", "C'est la bonne réponse."),
        "extravert": ("Oui, bravo, c'est juste !", "Formidable, tu as trouvé !"),
    },
    "de": {
        "introvert": ("Ja, das glaube ich auch.", "Das stimmt, glaube ich."),
        "neutral": ("Ja, das stimmt.", "Richtig."),
        "extravert": ("Ja, super, das stimmt!", "Toll, du hast es gefunden!"),
    },
}

WRONG: Final[dict[str, Manners]] = {
    "en": {
        "introvert": ("I think the story said: {answer}.", "Perhaps not quite. I would say: {answer}."),
        "neutral": ("Not quite. The answer is: {answer}.", "In the story it was: {answer}."),
        "extravert": ("Good try! Here is what we heard: {answer}!", "Oh, nearly! The answer is: {answer}!"),
    },
    "fr": {
        "introvert": ("Je crois que l'histoire disait : {answer}.", "Peut-être pas tout à fait. Je dirais : {answer}."),
        "neutral": ("Pas tout à fait. La réponse est : {answer}.", "Dans l'histoire, c'était : {answer}."),
        "extravert": (
            "Bien essayé ! Voici ce que nous avons entendu : {answer} !",
            "Oh, presque ! C'était : {answer} !",
        ),
    },
    "de": {
        "introvert": (
            "Ich glaube, in der Geschichte hieß es: {answer}.",
            "Vielleicht nicht ganz. Ich würde sagen: {answer}.",
        ),
        "neutral": ("Nicht ganz. Die Antwort ist: {answer}.", "In der Geschichte war es: {answer}."),
        "extravert": ("Guter Versuch! Das haben wir gehört: {answer}!", "Oh, fast! Die Antwort ist: {answer}!"),
    },
}

QUIZ_OVER: Final[dict[str, Manners]] = {
    "en": {
        "introvert": (
            "Those were my questions. I liked how you listened.",
            "That was the last one, I think. Thank you.",
        ),
        "neutral": ("That was the last question. You listened well.", "Those were all the questions."),
        "extravert": ("That was our whole quiz, hooray!", "We did it, that was the last question!"),
    },
    "fr": {
        "introvert": ("C'étaient mes questions. J'ai aimé ton écoute.", "C'était la dernière, je crois. Merci."),
        "neutral": ("C'était la dernière question. Tu as bien écouté.", "Voilà toutes les questions."),
        "extravert": ("Voilà tout notre quiz, youpi !", "Nous avons réussi, c'était la dernière question !"),
    },
    "de": {
        "introvert": (
            "Das waren meine Fragen. Ich fand schön, wie du zugehört hast.",
            "Das war die letzte, glaube ich. Danke.",
        ),
        "neutral": ("Das war die letzte Frage. Du hast gut zugehört.", "Das waren alle Fragen."),
        "extravert": ("Das war unser ganzes Quiz, juhu!", "Wir haben es geschafft, das war die letzte Frage!"),
    },
}

REFUSALS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "en": {
        "empty": (
            "I did not hear any words. Please say it again.",
            "I heard nothing yet. What would you like to know?",
        ),
        "too_long": ("That was very long. Please ask me one short question.",),
        "unreadable": ("I could not read that. Please write it again.",),
        "other_script": ("I can only read English here. Please ask me in English.",),
        "other": ("I cannot answer that right now.", "I cannot take that question right now."),
    },
    "fr": {
        "empty": ("Je n'ai entendu aucun mot. Répète, s'il te plaît.", "Je n'ai rien entendu. Que veux-tu savoir ?"),
        "too_long": ("C'était très long. Pose-moi une seule question courte.",),
        "unreadable": ("Je n'ai pas pu lire cela. Écris-le encore une fois.",),
        "other_script": ("Ici, je ne lis que le français. Demande-le-moi en français.",),
        "other": ("Je ne peux pas répondre à cela maintenant.", "Je ne peux pas prendre cette question maintenant."),
    },
    "de": {
        "empty": (
            "Ich habe keine Wörter gehört. Sag es bitte noch einmal.",
            "Ich habe nichts gehört. Was möchtest du wissen?",
        ),
        "too_long": ("Das war sehr lang. Stell mir bitte eine kurze Frage.",),
        "unreadable": ("Das konnte ich nicht lesen. Schreib es bitte noch einmal.",),
        "other_script": ("Ich kann hier nur Deutsch lesen. Frag mich bitte auf Deutsch.",),
        "other": ("Das kann ich gerade nicht beantworten.", "Diese Frage kann ich gerade nicht annehmen."),
    },
}
