from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "phied_robot"
NODES = (
    "speech_input",
    "pedagogical_strategy",
    "response_generation",
    "language_model",
    "robot_expression",
    "reachy_mini",
    "gazebo",
    "session",
    "recorder",
    "wait_until_ready",
)


def installed(folder: str) -> list[tuple[str, list[str]]]:
    """Every file below `folder`, for share/phied_robot."""
    parents: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            parents.setdefault(f"share/{PACKAGE}/{path.parent}", []).append(str(path))
    return list(parents.items())


# ROS's package list has no names for these; `pip install 'phied_robot[tutor]'` brings all that a tutor needs.
EXTRAS = {
    # rclpy without a ROS installation; 9.1.2 is Kilted. On a ROS 2 machine the distribution's rclpy is used.
    "ros": ["ros-rclpy[fastrtps]==9.1.2", "ros-common-interfaces==5.5.1"],
    # bitsandbytes and peft are pinned to the minor version: their 4-bit CPU path changes between minors.
    # transformers 5.24 deprecates names that peft 0.21 uses, and says so at every start.
    # torch: training needs the attention over packed rows as 2.11 has it.
    "model": [
        "torch>=2.11",
        "transformers>=5.17,<5.24",
        "peft>=0.21,<0.22",
        "bitsandbytes>=0.50.2,<0.51",
        "accelerate>=1.10",
        "psutil",
    ],
    # A model on a server; the next major version may change the client.
    "remote": ["openai>=3,<4"],
    "speech": [
        "pyttsx3==2.99",
        "SpeechRecognition[pocketsphinx]>=3.17,<3.18",
        "silero-vad>=6.2,<6.3",
        "onnxruntime",
        "sounddevice>=0.5",
        "soundfile>=0.12",
        "soxr>=0.3",
    ],
    # mcap: what is written must be in the file at once, which the writer of rosbags cannot do.
    "bags": ["rosbags>=0.11,<0.12", "mcap>=1.6,<2", "zstandard", "jinja2>=3.1", "matplotlib>=3.9"],
    # textstat is pinned: later versions download data at first use. trl is pinned: our trainer overrides its parts.
    "training": ["textstat==0.7.8", "py3langid>=0.4,<0.5", "trl==1.16.0", "datasets>=5,<6", "matplotlib>=3.9"],
    "evaluation": ["scikit-learn>=1.5", "matplotlib>=3.9", "jinja2>=3.1", "empath>=0.89"],
    # Praat, which hears what a child hears of a voice.
    "bench": ["matplotlib>=3.9", "praat-parselmouth>=0.4.6", "psutil"],
    # 1.13 asks for a certifi that some mirrors lack.
    "simulator": ["reachy-mini[mujoco]==1.12.0"],
}

setup(
    name=PACKAGE,
    version="0.1.0",
    description="A Reachy Mini that tutors a child: listens, chooses how to teach, answers, speaks and moves",
    license="Apache-2.0",
    maintainer="phied_robot developers",
    maintainer_email="phied-robot@example.org",
    python_requires=">=3.10",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={
        PACKAGE: [
            "models/**/*",
            "pedagogy/*.yaml",
            "training/corpus/**/*.yaml",
            "training/data/*.json",
            "evaluation/*.jinja",
            "expression/*.yaml",
            "bench/*.yaml",
        ]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        *installed("launch"),
        *installed("config"),
    ],
    install_requires=[
        "setuptools",
        "pydantic>=2.7",
        "PyYAML",
        "numpy",
        "rich>=13",
        "websockets>=13",
        "snowballstemmer>=2.2",
    ],
    extras_require={
        **EXTRAS,
        # Not part of a tutor: another voice, under the GPL, for whoever has its voice files.
        "piper": ["piper-tts>=1.8,<1.9"],
        "tutor": sorted({requirement for extra in EXTRAS.values() for requirement in extra}),
        "test": [
            # Under pytest 9.2 pytest-xdist 3.8 forgets which tests belong together.
            "pytest>=8,<9.2",
            "pytest-timeout",
            "pytest-xdist>=3.6",
            "hypothesis",
            "psutil",
            "triton; sys_platform == 'linux'",  # its interpreter; with a GPU torch brings its own
            "ruff==0.17.6",
            "mypy==2.4.1",
            "types-PyYAML",
        ],
    },
    entry_points={
        "console_scripts": [
            "phied = phied_robot.cli.main:main",
            *(f"{node} = phied_robot.nodes.{node}:main" for node in NODES),
        ]
    },
    zip_safe=False,
)
