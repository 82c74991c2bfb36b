from glob import glob

from setuptools import find_packages, setup

package_name = "phied_robot"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
)
