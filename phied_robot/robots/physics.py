"""The simulated robot in this process: the maker's MuJoCo model, driven as the maker's daemon drives it.

It knows no clock, so an hour of motion takes minutes and comes out the same every time; and it can be looked at.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phied_robot.robots.pose import NEUTRAL, Joints, head_matrix, joints_from_state

STEP_SECONDS = 0.002
STEPS_A_TICK = 10
"""The daemon's own: physics at 500 Hz, targets and reports at 50 Hz."""
HEAD_HEIGHT = 0.177
"""Of the neutral head over the base, in metres (the daemon's MuJoCo backend)."""
SETTLING_TICKS = 100

Picture = NDArray[np.uint8]


class PhysicsError(RuntimeError):
    """The simulation or its pictures cannot be had; the text says why and what to do."""


class Physics:
    """One robot that takes a target a tick and reports its joints.

    Attributes:
        dropped: targets that the daemon would have dropped because the head cannot reach them.
    """

    def __init__(self) -> None:
        """Stand in the neutral pose.

        Raises:
            PhysicsError: the package reachy-mini, or MuJoCo, is missing.
        """
        # MuJoCo chooses its renderer when it is imported; without a display only these two can draw.
        if "DISPLAY" not in os.environ:
            os.environ.setdefault("MUJOCO_GL", "osmesa")
        try:
            import mujoco
            import reachy_mini
            from reachy_mini.kinematics import AnalyticalKinematics
        except (ImportError, AttributeError) as error:
            raise PhysicsError(
                f"the simulation needs reachy-mini and MuJoCo ({error}); "
                "install them: pip install 'phied_robot[simulator]'"
            ) from error
        scene = Path(reachy_mini.__file__).parent / "descriptions" / "reachy_mini" / "mjcf" / "scenes" / "empty.xml"
        self._mujoco = mujoco
        self._kinematics = AnalyticalKinematics()
        self._model = mujoco.MjModel.from_xml_path(str(scene))
        self._model.opt.timestep = STEP_SECONDS
        self._data = mujoco.MjData(self._model)
        self._motors = [
            int(self._model.joint(self._model.actuator(number).name).qposadr[0]) for number in range(self._model.nu)
        ]
        self.dropped = 0
        for _ in range(SETTLING_TICKS):
            self.step(NEUTRAL)

    def step(self, target: Joints) -> Joints:
        """The joints (m, rad) a tick of 20 ms after `target` was given."""
        pose = np.reshape(head_matrix(target), (4, 4))
        motors = self._kinematics.ik(pose, body_yaw=target.body_yaw)
        if motors is None or not np.isfinite(motors).all():
            self.dropped += 1
        else:
            self._data.ctrl[:7] = motors
        # MuJoCo's antennas turn the other way than the robot's.
        self._data.ctrl[7:] = (-target.antenna_right, -target.antenna_left)
        self._mujoco.mj_step(self._model, self._data, STEPS_A_TICK)
        return self._report()

    def _report(self) -> Joints:
        site = self._data.site("head")
        matrix = np.eye(4)
        matrix[:3, :3] = site.xmat.reshape(3, 3)
        matrix[:3, 3] = site.xpos
        matrix[2, 3] -= HEAD_HEIGHT
        places = self._data.qpos[self._motors]
        return joints_from_state(matrix.tolist(), float(places[0]), (-places[7:9]).tolist())


class Camera:
    """Takes pictures of a robot without a display."""

    def __init__(self, physics: Physics, width: int = 320, height: int = 320) -> None:
        """Look at the robot from the front.

        Raises:
            PhysicsError: no offscreen renderer works here.
        """
        mujoco: Any = physics._mujoco
        self._data = physics._data
        physics._model.light_castshadow[:] = False
        physics._model.mat_reflectance[:] = 0.0
        try:
            self._renderer = mujoco.Renderer(physics._model, height, width)
        except Exception as error:  # whatever the graphics library throws, of which there are many
            raise PhysicsError(
                f"no offscreen renderer works here ({error}); "
                "install one: sudo apt install libosmesa6, or set MUJOCO_GL=egl where there is a GPU"
            ) from error
        self._view = mujoco.MjvCamera()
        self._view.lookat[:] = (0.0, 0.0, 0.17)
        self._view.distance, self._view.azimuth, self._view.elevation = 0.62, 165.0, -8.0

    def picture(self) -> Picture:
        """What the robot looks like now, shape (height, width, 3)."""
        self._renderer.update_scene(self._data, self._view)
        return np.asarray(self._renderer.render(), dtype=np.uint8)

    def close(self) -> None:
        """Give the renderer back."""
        self._renderer.close()
