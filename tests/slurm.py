"""A SLURM of one node in a folder, for tests: munge, a controller and a daemon used by the tests alone."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=1,sched_min_interval=1,bf_interval=1
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
MpiDefault=none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES PriorityTier=1 GraceTime=20
PartitionName=high Nodes={host} PriorityTier=2 PreemptMode=OFF
"""


def missing() -> str:
    """Programs that are not installed, or "root" if the user is not root: slurmd must run as root."""
    names = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scontrol", "squeue")
    absent = [name for name in names if not shutil.which(name, path=PLACES)]
    return "root" if not absent and os.geteuid() else ", ".join(absent)


# submitit reads the states of jobs from sacct, which needs a database; this script reads the controller's.
SACCT = r"""#!/bin/sh
echo 'JobID|State|NodeList'
scontrol show job --oneliner | sed -nE 's/^JobId=([0-9]+) .*JobState=([A-Z]+).*/\1|\2|/p'
scontrol show job --oneliner |
sed -nE 's/^.*ArrayJobId=([0-9]+) ArrayTaskId=([0-9]+) .*JobState=([A-Z]+).*/\1_\2|\3|/p'
"""


class Slurm:
    """The daemons, and the environment variables by which ``sbatch`` and other commands find them."""

    def __init__(self, folder: Path):
        folder.mkdir(mode=0o755)
        (folder / "key").write_bytes(secrets.token_bytes(128))
        (folder / "key").chmod(0o400)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        settings = {"folder": folder, "ports": ports, "host": socket.gethostname().split(".")[0]}
        (folder / "slurm.conf").write_text(CONF.format(user=pwd.getpwuid(os.geteuid()).pw_name, **settings))
        self.folder = folder
        (folder / "sacct").write_text(SACCT)
        (folder / "sacct").chmod(0o755)
        places = os.pathsep.join([str(folder), PLACES])
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": places}
        munge = [f"--{name}-file={folder / file}" for name, file in (("key", "key"), ("pid", "munged.pid"))]
        munge += [f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed"]
        self._daemons = [
            self._start("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge)
        ]
        self._wait(lambda: (folder / "munge.socket").exists())
        self._daemons += [self._start("slurmctld", "-D", "-i"), self._start("slurmd", "-D")]
        self._wait(lambda: "idle" in self.output("sinfo", "-h", "-o", "%T"))

    def _start(self, *words: str) -> subprocess.Popen:
        with (self.folder / f"{words[0]}.out").open("w") as out:
            return subprocess.Popen(words, env=self.environment, stdout=out, stderr=out)

    def output(self, *words: str) -> str:
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def _wait(self, true, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            logs = "\n".join(file.read_text()[-2000:] for file in self.folder.glob("*.log"))
            assert time.monotonic() < deadline, logs
            time.sleep(0.2)

    def close(self) -> None:
        """End all jobs and the daemons."""
        self.output("scancel", "--full", "--signal=KILL", "--user=root")
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
