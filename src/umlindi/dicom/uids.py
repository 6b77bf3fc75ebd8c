"""The UIDs this room speaks (PS3.6 Annex A), named as the standard names them. No pydicom: probes start fast."""

from __future__ import annotations

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

IMPLICIT_VR_LE = "1.2.840.10008.1.2"
EXPLICIT_VR_LE = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
MPEG4_HP41 = "1.2.840.10008.1.2.4.102"

UNCOMPRESSED = (EXPLICIT_VR_LE, IMPLICIT_VR_LE)

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT_PUSH = "1.2.840.10008.1.20.1"
MPPS = "1.2.840.10008.3.1.2.3.3"
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"

CR_IMAGE = "1.2.840.10008.5.1.4.1.1.1"
DX_IMAGE = "1.2.840.10008.5.1.4.1.1.1.1"
MG_IMAGE = "1.2.840.10008.5.1.4.1.1.1.2"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2.1"
US_MULTIFRAME_IMAGE = "1.2.840.10008.5.1.4.1.1.3.1"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4.1"
US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
GRAYSCALE_PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
XA_IMAGE = "1.2.840.10008.5.1.4.1.1.12.1"
RF_IMAGE = "1.2.840.10008.5.1.4.1.1.12.2"
BREAST_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"
VL_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1"
VL_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
PET_IMAGE = "1.2.840.10008.5.1.4.1.1.128"

NAMES = {
    IMPLICIT_VR_LE: "Implicit VR Little Endian",
    EXPLICIT_VR_LE: "Explicit VR Little Endian",
    JPEG_BASELINE: "JPEG Baseline",
    JPEG_LOSSLESS_SV1: "JPEG Lossless SV1",
    JPEG_LS_LOSSLESS: "JPEG-LS Lossless",
    JPEG_2000_LOSSLESS: "JPEG 2000 Lossless",
    JPEG_2000: "JPEG 2000",
    RLE_LOSSLESS: "RLE Lossless",
    MPEG4_HP41: "MPEG-4 AVC/H.264 HP 4.1",
    VERIFICATION: "Verification",
    STORAGE_COMMITMENT_PUSH: "Storage Commitment Push Model",
    MPPS: "Modality Performed Procedure Step",
    PATIENT_ROOT_FIND: "Patient Root Query/Retrieve - FIND",
    PATIENT_ROOT_MOVE: "Patient Root Query/Retrieve - MOVE",
    PATIENT_ROOT_GET: "Patient Root Query/Retrieve - GET",
    STUDY_ROOT_FIND: "Study Root Query/Retrieve - FIND",
    STUDY_ROOT_MOVE: "Study Root Query/Retrieve - MOVE",
    STUDY_ROOT_GET: "Study Root Query/Retrieve - GET",
    MODALITY_WORKLIST_FIND: "Modality Worklist - FIND",
    CR_IMAGE: "Computed Radiography Image Storage",
    DX_IMAGE: "Digital X-Ray Image Storage",
    MG_IMAGE: "Digital Mammography X-Ray Image Storage",
    CT_IMAGE: "CT Image Storage",
    ENHANCED_CT_IMAGE: "Enhanced CT Image Storage",
    US_MULTIFRAME_IMAGE: "Ultrasound Multi-frame Image Storage",
    MR_IMAGE: "MR Image Storage",
    ENHANCED_MR_IMAGE: "Enhanced MR Image Storage",
    US_IMAGE: "Ultrasound Image Storage",
    SECONDARY_CAPTURE: "Secondary Capture Image Storage",
    GRAYSCALE_PRESENTATION_STATE: "Grayscale Softcopy Presentation State Storage",
    XA_IMAGE: "X-Ray Angiographic Image Storage",
    RF_IMAGE: "X-Ray Radiofluoroscopic Image Storage",
    BREAST_TOMOSYNTHESIS: "Breast Tomosynthesis Image Storage",
    NM_IMAGE: "Nuclear Medicine Image Storage",
    VL_ENDOSCOPIC: "VL Endoscopic Image Storage",
    VL_PHOTOGRAPHIC: "VL Photographic Image Storage",
    BASIC_TEXT_SR: "Basic Text SR Storage",
    ENHANCED_SR: "Enhanced SR Storage",
    KEY_OBJECT_SELECTION: "Key Object Selection Document Storage",
    DOSE_SR: "X-Ray Radiation Dose SR Storage",
    ENCAPSULATED_PDF: "Encapsulated PDF Storage",
    PET_IMAGE: "Positron Emission Tomography Image Storage",
}


def name_of(uid: str) -> str:
    """Its name, or the UID itself where this room does not know it."""
    return NAMES.get(uid, uid)
