"""All functions with the models of their settings, and what they would say of a stack's ``AdvancedSettings``."""

from collections.abc import Mapping

import msgspec

from msk_toolkit.settings.advanced import ADVANCED, parse_advanced
from msk_toolkit.settings.alarm_mail import AlarmMailSettings
from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.declared_topics import DeclaredTopicsSettings
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import read_values
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings
from msk_toolkit.settings.probes import ConsumerProbeSettings, ProducerProbeSettings
from msk_toolkit.settings.redrive import RedriveSettings
from msk_toolkit.settings.rotation import RotationSettings
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.settings.vantiq import VantiqSettings

# Function -> its settings; the first model is always read, the others for some of its actions.
MODELS: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    "topics": (TopicsSettings,),
    "declared_topics": (DeclaredTopicsSettings,),
    "producer_probe": (ProducerProbeSettings,),
    "consumer_probe": (ConsumerProbeSettings,),
    "probe_matrix": (ProbeMatrixSettings,),
    "alarm_mail": (AlarmMailSettings,),
    "forwarder": (ForwarderSettings,),
    # It sends as the forwarder does, and reads records from Kafka again.
    "redrive": (RedriveSettings, ForwarderSettings, ClusterSettings),
    "connect": (ConnectSettings, VantiqSettings),
    "diagnose": (DiagnoseSettings,),
    # It renews the sources that connect has registered.
    "scram_rotation": (RotationSettings, VantiqSettings),
    "status": (StatusSettings,),
}


def advanced_settings_problems(text: str) -> list[str]:
    """Everything that is wrong with a stack's ``AdvancedSettings``, for whichever function, each problem once."""
    problems: list[str] = []
    texts = parse_advanced(text, problems)
    for function, models in MODELS.items():
        own = {name: value for name, value in texts.items() if function in ADVANCED[name]}
        for model in models:
            read_values(model, own, problems)
    return list(dict.fromkeys(problems))
