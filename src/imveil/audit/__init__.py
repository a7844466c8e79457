"""The audit: the game between an encryptor and its attackers, its budget, its verdict, its page.

from imveil.audit import audit, audit_folder, play

report = audit(scheme, images, budget="2m")
print(report)
report.save("report.html")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imveil import registry

if TYPE_CHECKING:
    from imveil.audit.campaign import audit as audit
    from imveil.audit.encryptor_campaign import audit_encryptor as audit_encryptor
    from imveil.audit.folder_campaign import audit_folder as audit_folder
    from imveil.audit.game.referee import play as play
    from imveil.audit.game.split import Terms as Terms
    from imveil.audit.gates import gate as gate
    from imveil.audit.measures import measure as measure
    from imveil.audit.pictures import read_pictures as read_pictures
    from imveil.audit.result import Audit as Audit

__getattr__, __dir__ = registry.face(
    __name__,
    {
        "Audit": "imveil.audit.result",
        "Terms": "imveil.audit.game.split",
        "audit": "imveil.audit.campaign",
        "audit_encryptor": "imveil.audit.encryptor_campaign",
        "audit_folder": "imveil.audit.folder_campaign",
        "gate": "imveil.audit.gates",
        "measure": "imveil.audit.measures",
        "play": "imveil.audit.game.referee",
        "read_pictures": "imveil.audit.pictures",
    },
)
