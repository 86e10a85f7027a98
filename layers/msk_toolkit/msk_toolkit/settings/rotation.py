"""Settings of the rotation of the SCRAM password; to renew Vantiq's sources it reads those of Vantiq as well."""

from collections.abc import Iterator

from msk_toolkit.settings.cluster import ClusterSettings
from msk_toolkit.settings.metrics import DetailedMetrics


class RotationSettings(ClusterSettings, kw_only=True, frozen=True):
    """The cluster whose user gets a new password, and the secrets that hold it."""

    detailed_metrics: DetailedMetrics = False

    def problems(self) -> list[str]:
        """Rules across the fields."""
        return [*super().problems(), *self._problems_of_rotation()]

    def _problems_of_rotation(self) -> Iterator[str]:
        if self.auth_mode != "scram":
            yield f"AUTH_MODE is {self.auth_mode}: only the password of scram can be rotated"
