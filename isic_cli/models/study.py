"""A study of the archive: what readers are asked, and the tasks and annotations that result."""

from isic_cli.models.base import ArchiveModel


class StudyFeature(ArchiveModel):
    """Something that readers mark on the picture.

    Attributes
    ----------
    name : tuple of str
        From the general to the special: `("Network", "Atypical", "Focal")`.
    """

    id: int
    required: bool = False
    name: tuple[str, ...]
    official: bool = False

    @property
    def label(self) -> str:
        """The name on one line, as the archive's website writes it: `Network : Atypical`."""
        return " : ".join(self.name)


class StudyChoice(ArchiveModel):
    """One of the answers that a question offers."""

    id: int
    question: int | None = None
    text: str


class StudyQuestion(ArchiveModel):
    """A question.

    Attributes
    ----------
    type : str
        `select`, `multiselect`, `number`, `diagnosis` or what the archive invents next.
    """

    id: int
    type: str
    prompt: str
    official: bool = False
    required: bool = False
    choices: tuple[StudyChoice, ...] = ()


class Study(ArchiveModel):
    """A study.

    Attributes
    ----------
    created : str
        ISO 8601, as the archive wrote it; empty where it is not known.
    creator : int or None
        Number of a user.
    """

    id: int
    created: str = ""
    creator: int | None = None
    name: str
    description: str = ""
    features: tuple[StudyFeature, ...] = ()
    questions: tuple[StudyQuestion, ...] = ()

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The choices of each question that offers some, by its prompt and in their order."""
        return {
            question.prompt: tuple(choice.text for choice in question.choices)
            for question in self.questions
            if question.choices
        }


class StudyTask(ArchiveModel):
    """One reader asked about one image.

    Attributes
    ----------
    image : int
        The archive's own number of the image, not its ISIC id.
    annotator : int
        Number of a user, not the hash id that the responses have.
    """

    id: int
    study: int
    image: int
    annotator: int
    complete: bool = True


class StudyAnnotation(ArchiveModel):
    """What came of a task; numbers as in `StudyTask`."""

    id: int
    study: int
    image: int
    task: int
    annotator: int


class FoundStudy(ArchiveModel):
    """A study that the archive's public search knows.

    Attributes
    ----------
    subtitle : str
        What the archive says below the name.
    """

    id: int
    name: str
    subtitle: str = ""
