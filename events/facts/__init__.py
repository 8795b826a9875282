"""What can happen: one file per concept, only event types.

A docstring is the event's sentence on the timeline; `{field}` stands for the event's own field.
Wire names (tags) are the storage format: rename a class freely, a tag never.
"""

from events.facts.app import AppCrashDetected, AppStarted, AppStopped
from events.facts.audit import AuditLogCreated, AuditLogRecovered
from events.facts.capture import CaptureRead, CapturesPruned
from events.facts.conversation import (
    ConversationBranchChosen,
    ConversationErased,
    ConversationErasureRequested,
    ConversationFiled,
    ConversationPinned,
    ConversationRenamed,
    ConversationStarted,
    ConversationUnfiled,
    ConversationUnpinned,
    MessageAdded,
)
from events.facts.engine import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineFellAsleep,
    EngineLeftAlone,
    EngineLost,
    EngineMemoryMeasured,
    EngineProgressed,
    EngineSleepFailed,
    EngineSleepRequested,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    EngineWakeFailed,
    EngineWakeRequested,
    EngineWoke,
)
from events.facts.gateway import (
    GatewayBecameReady,
    GatewayConfigApplied,
    GatewayCrashed,
    GatewayStarted,
    GatewayStopped,
)
from events.facts.key import KeyIssued, KeyLimitReached, KeyLimitsSet, KeyRevoked
from events.facts.model import ModelMade
from events.facts.offer import (
    ProviderRemoved,
    ProviderSaved,
    VirtualModelRemoved,
    VirtualModelSaved,
)
from events.facts.recipe import (
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
)
from events.facts.runtime import (
    RuntimeInstalled,
    RuntimeInstallFailed,
    RuntimeInstallProgressed,
    RuntimeInstallRequested,
    RuntimeRemoved,
)
from events.facts.setting import SettingChanged
from events.facts.switch import (
    SwitchCancelled,
    SwitchCompleted,
    SwitchDrained,
    SwitchDrainingStarted,
    SwitchEvictionFinished,
    SwitchFailed,
    SwitchRequested,
)
from events.facts.usage import RequestFinished

__all__ = [
    "AppCrashDetected",
    "AppStarted",
    "AppStopped",
    "AuditLogCreated",
    "AuditLogRecovered",
    "CaptureRead",
    "CapturesPruned",
    "ConversationBranchChosen",
    "ConversationErased",
    "ConversationErasureRequested",
    "ConversationFiled",
    "ConversationPinned",
    "ConversationRenamed",
    "ConversationStarted",
    "ConversationUnfiled",
    "ConversationUnpinned",
    "EngineAdopted",
    "EngineBecameReady",
    "EngineCrashed",
    "EngineFellAsleep",
    "EngineLeftAlone",
    "EngineLost",
    "EngineMemoryMeasured",
    "EngineProgressed",
    "EngineSleepFailed",
    "EngineSleepRequested",
    "EngineStartFailed",
    "EngineStartRequested",
    "EngineStarted",
    "EngineStopRequested",
    "EngineStopped",
    "EngineWakeFailed",
    "EngineWakeRequested",
    "EngineWoke",
    "GatewayBecameReady",
    "GatewayConfigApplied",
    "GatewayCrashed",
    "GatewayStarted",
    "GatewayStopped",
    "KeyIssued",
    "KeyLimitReached",
    "KeyLimitsSet",
    "KeyRevoked",
    "MessageAdded",
    "ModelMade",
    "ProviderRemoved",
    "ProviderSaved",
    "RecipeArchived",
    "RecipeCloned",
    "RecipeCreated",
    "RecipeImported",
    "RecipeRestored",
    "RecipeRevised",
    "RequestFinished",
    "RuntimeInstallFailed",
    "RuntimeInstallProgressed",
    "RuntimeInstallRequested",
    "RuntimeInstalled",
    "RuntimeRemoved",
    "SettingChanged",
    "SwitchCancelled",
    "SwitchCompleted",
    "SwitchDrained",
    "SwitchDrainingStarted",
    "SwitchEvictionFinished",
    "SwitchFailed",
    "SwitchRequested",
    "VirtualModelRemoved",
    "VirtualModelSaved",
]
