"""The words that BodyPartExamined is made of: the one list, of what a header claims and of what the import may store.

Sources: the body parts of PS3.16 Annex L, the sides and views of PS3.3 (the section stands beside each), and what
modalities of several makers send. A word that films of several kinds go by allows all of them (``CERVICAL``: a spine,
or a neck), or says nothing (``THORACIC``, ``BACK``). Lists grow by review alone: a word that is a name would be stored.
"""

import re
import unicodedata
from typing import Final

from dicom_router.labels import CHESTS, CLASSES

SIDES: Final = "L R B U LEFT RIGHT BOTH UNPAIRED"
VIEWS: Final = (
    "AP PA LL RL LLD RLD LLO RLO LAO RAO LPO RPO LAT LATERAL LATERALIS FRONTAL OBL OBLIQUE AX AXIAL TANGENTIAL SUPINE "
    "PRONE ERECT UPRIGHT STANDING SITTING DECUBITUS DECUB LORDOTIC SWIMMER SWIMMERS OPEN MOUTH ODONTOID FLEXION "
    "EXTENSION INSPIRATION EXPIRATION WEIGHT BEARING SUNRISE MERCHANT TUNNEL MORTISE STRESS CROSS TABLE "
    "ML LM MLO LMO CC FB SIO ISO XCCL XCCM VIEW VIEWS"
)  # C.8.7.1.1.1, C.8.11.5.1.1
_BESIDE: Final = (
    "LT RT 1 2 3 4 5 1V 2V 3V 4V 5V AND OF C D S T TH TL LS SI AC UPPER LOWER WHOLE FULL LONG PLAIN SURVEY SERIES "
    "ROUTINE PORTABLE BEDSIDE SOFT TISSUE JOINT JOINTS BONE BONES CAGE ADULT INFANT NEONATE PEDIATRIC PAEDIATRIC "
    "THORACIC DORSAL BACK AORTA BRONCHUS BUTTOCK CAROTID CERVIX ESOPHAGUS ILEUM LARYNX MEDIASTINUM NECKCHEST "
    "NECKCHESTABDOMEN PHARYNX TRACHEA WHOLEBODY"
)  # says nothing of the class by itself

_CHEST: Final = frozenset(CHESTS)
_ABDOMEN: Final = frozenset({"abdomen"})
_SPINE: Final = frozenset({"spine"})
_OTHER: Final = frozenset({"other"})

_OF_CLASSES: Final = {
    _CHEST: "CHEST CHESTAP CHESTPA CHESTLAT THORAX TORAX LUNG LUNGS LUNGE HEART",
    _CHEST | _OTHER: "RIB RIBS RIBCAGE RIPPEN STERNUM",
    _CHEST | _ABDOMEN: "CHESTABDOMEN CHESTABDPELVIS TRUNK BABYGRAM",
    _ABDOMEN: "ABD ABDOMEN ABDOMINAL ABDOMENPELVIS KUB ADRENAL KIDNEY COLON STOMACH LIVER SPLEEN GALLBLADDER DUODENUM "
    "JEJUNUM",
    _ABDOMEN | _OTHER: "BLADDER RECTUM",
    _SPINE: "SPINE CSPINE TSPINE DSPINE LSPINE SSPINE CTSPINE TLSPINE LSSPINE WHOLESPINE SCOLIOSIS LUMBAR LUMBO "
    "LUMBOSACRAL THORACOLUMBAR VERTEBRA VERTEBRAE CERVICALSPINE THORACICSPINE DORSALSPINE LUMBARSPINE HWS BWS LWS "
    "WIRBELSAEULE HALSWIRBELSAEULE WIRBELSAULE HALSWIRBELSAULE COLUMNA COLUNA RACHIS",
    _SPINE | _OTHER: "NECK HALS HEADNECK CERVICAL COCCYX SACRUM SACRAL SACROILIAC",
    _OTHER: "SKULL HEAD BRAIN FACE FACIAL CHEEK JAW MANDIBLE MAXILLA DENTAL TEETH TOOTH PANORAMIC NOSE NASAL EAR EYE "
    "MASTOID IAC ORBIT ORBITS SINUS SINUSES PARANASAL PARANASALSINUS ZYGOMA TMJ TEMPOROMANDIBULAR "
    "SHOULDER SHOULDERS AXILLA CLAVICLE CLAVICLES SCAPULA ARM UPPERARM HUMERUS ELBOW ELBOWS FOREARM RADIUS ULNA "
    "WRIST WRISTS SCAPHOID HAND HANDS FINGER FINGERS THUMB EXTREMITY PELVIS HIP HIPS ILIUM SIJOINT LEG LEGS FEMUR "
    "THIGH KNEE KNEES PATELLA CALF TIBIA TIB FIBULA FIB TIBFIB ANKLE ANKLES FOOT FEET FOREFOOT HEEL CALCANEUS TOE TOES "
    "BREAST BECKEN FUSS HUEFTE HUFTE KNIE SCHAEDEL SCHADEL SCHULTER",
}
BODY_PARTS: Final = {part: classes for classes, parts in _OF_CLASSES.items() for part in parts.split()}
WORDS: Final = frozenset(BODY_PARTS) | frozenset(f"{SIDES} {VIEWS} {_BESIDE}".split())
WORD: Final = re.compile("[A-Z0-9]+")


def words_of(value: str) -> list[str]:
    """Return the words of a BodyPartExamined, in upper case and without accents."""
    plain = unicodedata.normalize("NFKD", value.upper())
    return WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))


def classes_of(words: list[str]) -> frozenset[str] | None:
    """Return what all the words allow or, where they have no class in common, what any allows.

    None where that rules nothing out: no word is a body part, the parts are of every class, or a word is not known here
    and may change what the others mean.
    """
    said = [BODY_PARTS[word] for word in words if word in BODY_PARTS]
    if not said or not WORDS.issuperset(words):
        return None
    allowed = frozenset.intersection(*said) or frozenset.union(*said)
    return None if len(allowed) == len(CLASSES) else allowed
