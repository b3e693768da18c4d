"""What ComfyUI's own node classes give and take, as far as the slot rules need it.

Made by bench/node_table.py from a server's /object_info; not edited by hand.
"""

# What a class's outputs are, in order: only classes that give something a picture is made of.
OUTPUTS = {
    "AUDIO": """
        AudioAdjustVolume AudioConcat AudioEqualizer3Band AudioMerge EmptyAudio JoinAudioChannels
        LTXVAudioVAEDecode LoadAudio PreviewAudio RecordAudio SaveAudio SaveAudioAdvanced SaveAudioMP3
        SaveAudioOpus TrimAudioDuration VAEDecodeAudio VAEDecodeAudioTiled
    """,
    "AUDIO AUDIO": "SplitAudioChannels",
    "CLIP_VISION_OUTPUT": "CLIPVisionEncode",
    "CONDITIONING": """
        CLIPTextEncode CLIPTextEncodeControlnet CLIPTextEncodeFlux CLIPTextEncodeHiDream
        CLIPTextEncodeHunyuanDiT CLIPTextEncodeKandinsky5 CLIPTextEncodeLumina2 CLIPTextEncodePixArtAlpha
        CLIPTextEncodeSD3 CLIPTextEncodeSDXL CLIPTextEncodeSDXLRefiner ConditioningAverage
        ConditioningCombine ConditioningConcat ConditioningMultiply ConditioningSetArea
        ConditioningSetAreaPercentage ConditioningSetAreaPercentageVideo ConditioningSetAreaStrength
        ConditioningSetDefaultCombine ConditioningSetMask ConditioningSetProperties
        ConditioningSetPropertiesAndCombine ConditioningSetTimestepRange ConditioningZeroOut ControlNetApply
        FluxDisableGuidance FluxGuidance FluxKontextMultiReferenceLatentMethod GLIGENTextBoxApply
        LotusConditioning PhotoMakerEncode PiDConditioning ReferenceLatent ReferenceTimbreAudio
        StableCascade_StageB_Conditioning StyleModelApply TextEncodeAceStepAudio TextEncodeAceStepAudio1.5
        TextEncodeHunyuanVideo_ImageToVideo TextEncodeJoyImageEdit TextEncodeQwenImageEdit
        TextEncodeQwenImageEditPlus TextEncodeZImageOmni unCLIPConditioning
    """,
    "CONDITIONING CONDITIONING": """
        ConditioningStableAudio ControlNetApplyAdvanced ControlNetApplySD3 ControlNetInpaintingAliMamaApply
        HiDreamO1ReferenceImages Hunyuan3Dv2Conditioning Hunyuan3Dv2ConditioningMultiView LTXVConditioning
        PairConditioningCombine PairConditioningSetDefaultCombine PairConditioningSetProperties
        PairConditioningSetPropertiesAndCombine SeedVR2Conditioning TextEncodeBooguEdit
    """,
    "CONDITIONING CONDITIONING CONDITIONING LATENT": "WanPhantomSubjectToVideo",
    "CONDITIONING CONDITIONING LATENT": """
        BerniniConditioning HunyuanRefinerLatent HunyuanVideo15ImageToVideo HunyuanVideo15SuperResolution
        InpaintModelConditioning InstructPixToPixConditioning LTXVAddGuide LTXVCropGuides LTXVImgToVideo
        SD_4XUpscale_Conditioning SV3D_Conditioning SVD_img2vid_Conditioning StableZero123_Conditioning
        StableZero123_Conditioning_Batched TextEncodeMageFlowEdit TripoSplatConditioning
        VOIDInpaintConditioning Wan22FunControlToVideo WanCameraImageToVideo WanDancerVideo
        WanFirstLastFrameToVideo WanFunControlToVideo WanFunInpaintToVideo WanHuMoImageToVideo
        WanImageToVideo WanMoveTrackToVideo WanSoundImageToVideo WanSoundImageToVideoExtend WanTrackToVideo
    """,
    "CONDITIONING CONDITIONING LATENT INT": "WanSCAILToVideo WanVaceToVideo",
    "CONDITIONING CONDITIONING LATENT INT INT INT": "WanAnimateToVideo",
    "CONDITIONING CONDITIONING LATENT LATENT": "Kandinsky5ImageToVideo",
    "CONDITIONING LATENT": "HunyuanImageToVideo MiniMaxH3ImageToVideo MiniMaxH3ReferenceToVideo",
    "IMAGE": """
        AdjustBrightness AdjustContrast BatchImagesNode Canny CenterCropImages ColorTransfer CropByBBoxes
        DA3Render DrawBBoxes EmptyImage FluxKontextImageScale FrameInterpolate ImageAddNoise ImageBatch
        ImageBlend ImageBlur ImageCompositeMasked ImageCrop ImageCropV2 ImageDeduplication ImageFlip
        ImageFromBatch ImageGrid ImageInvert ImageMergeTileList ImageQuantize ImageRotate ImageScale
        ImageScaleBy ImageScaleToMaxDimension ImageScaleToTotalPixels ImageSharpen ImageStitch
        ImageUpscaleWithModel ImageYUVToRGB JoinImageWithAlpha LTXVPreprocess LoadImageDataSetFromFolder
        MaskToImage MediaPipeFaceMeshVisualize MergeImageLists MoGeRender Morphology NormalizeImages
        PreviewImage RandomCropImages RebatchImages RepeatImageBatch ResizeAndPadImage
        ResizeImagesByLongerEdge ResizeImagesByShorterEdge SDPoseDrawKeypoints SaveAnimatedPNG
        SaveAnimatedWEBP SaveImage SaveImageAdvanced SaveWEBM SeedVR2PostProcessing SeedVR2Preprocess
        ShuffleDataset SplitImageToTileList TextOverlay TripoSplatPreprocessImage VAEDecode VAEDecodeTiled
        WanMoveVisualizeTracks WebcamCapture
    """,
    "IMAGE AUDIO FLOAT INT": "GetVideoComponents",
    "IMAGE BOUNDING_BOX ARRAY": "CreateBoundingBoxes",
    "IMAGE IMAGE": "SCAIL2ColoredMask",
    "IMAGE IMAGE IMAGE": "ImageRGBToYUV",
    "IMAGE LATENT LATENT": "StableCascade_SuperResolutionControlnet",
    "IMAGE MASK": """
        ImagePadForOutpaint LoadImage LoadImageOutput Painter PorterDuffImageComposite RenderSplat
        SplitImageWithAlpha
    """,
    "IMAGE MASK AUDIO": "WanDancerPadKeyframes WanDancerPadKeyframesList",
    "IMAGE MASK STRING IMAGE LOAD3D_CAMERA VIDEO FILE_3D LOAD3D_MODEL_INFO": "Load3D",
    "IMAGE STRING": "LoadImageTextDataSetFromFolder ShuffleImageTextDataset",
    "LATENT": """
        AddNoise BatchLatentsNode CosmosImageToVideoLatent CosmosPredict2ImageToVideoLatent
        EmptyARVideoLatent EmptyAceStep1.5LatentAudio EmptyAceStepLatentAudio EmptyChromaRadianceLatentImage
        EmptyCosmosLatentVideo EmptyFlux2LatentImage EmptyHiDreamO1LatentImage EmptyHunyuanImageLatent
        EmptyHunyuanLatentVideo EmptyHunyuanVideo15Latent EmptyLTXVLatentVideo EmptyLatentAudio
        EmptyLatentHunyuan3Dv2 EmptyLatentImage EmptyMiniMaxH3LatentAV EmptyMochiLatentVideo
        EmptyQwenImageLayeredLatentImage EmptySD3LatentImage HunyuanVideo15LatentUpscaleWithModel KSampler
        KSamplerAdvanced LTXVAudioVAEEncode LTXVConcatAVLatent LTXVEmptyLatentAudio LTXVImgToVideoInplace
        LTXVLatentUpsampler LatentAdd LatentApplyOperation LatentBatch LatentBatchSeedBehavior LatentBlend
        LatentComposite LatentCompositeMasked LatentConcat LatentCrop LatentCut LatentCutToBatch LatentFlip
        LatentFromBatch LatentInterpolate LatentMultiply LatentRotate LatentSubtract LatentUpscale
        LatentUpscaleBy LoadLatent NormalizeVideoLatentStart RebatchLatents RepeatLatentBatch
        ReplaceVideoLatentFrames SaveLatent SeedVR2TemporalMerge SetLatentNoiseMask TrimVideoLatent
        VAEEncode VAEEncodeAudio VAEEncodeForInpaint VAEEncodeTiled VOIDWarpedNoise Wan22ImageToVideoLatent
    """,
    "LATENT CONDITIONING": "LoadTrainingDataset MakeTrainingDataset ResolutionBucket",
    "LATENT INT": "SeedVR2TemporalChunk",
    "LATENT LATENT": """
        LTXVSeparateAVLatent SamplerCustom SamplerCustomAdvanced StableCascade_EmptyLatentImage
        StableCascade_StageC_VAEEncode
    """,
    "MASK": """
        BatchMasksNode CropMask FeatherMask GrowMask ImageColorToMask ImageToMask InvertMask LoadImageMask
        MaskComposite MaskPreview MediaPipeFaceMask RemoveBackground SAM3_TrackToMask SolidMask
        ThresholdMask VOIDQuadmaskPreprocess
    """,
    "MASK BOUNDING_BOX": "SAM3_Detect",
    "MODEL CONDITIONING CONDITIONING": "LTXVReferenceAudio",
    "MODEL CONDITIONING CONDITIONING LATENT INT": "WanInfiniteTalkToVideo",
    "MODEL LATENT": "ARVideoI2V",
    "VIDEO": """
        CreateVideo LoadVideo LoadVideoDataSetFromFolder SaveVideo ShuffleVideoDataset VideoFrameSample
        VideoRandomTemporalCrop VideoTemporalCrop
    """,
    "VIDEO STRING": "LoadVideoTextDataSetFromFolder ShuffleVideoTextDataset",
}

# Classes that make the size: size grid, frame step, frames of the shortest clip.
STEPS = {
    "16 1 1": """
        EmptyChromaRadianceLatentImage EmptyFlux2LatentImage EmptyQwenImageLayeredLatentImage
        EmptySD3LatentImage TextEncodeMageFlowEdit
    """,
    "16 4 1": """
        ARVideoI2V BerniniConditioning CosmosPredict2ImageToVideoLatent EmptyARVideoLatent
        EmptyHunyuanLatentVideo EmptyHunyuanVideo15Latent HunyuanImageToVideo HunyuanVideo15ImageToVideo
        Kandinsky5ImageToVideo Wan22FunControlToVideo WanAnimateToVideo WanCameraImageToVideo WanDancerVideo
        WanFirstLastFrameToVideo WanFunControlToVideo WanFunInpaintToVideo WanHuMoImageToVideo
        WanImageToVideo WanInfiniteTalkToVideo WanMoveTrackToVideo WanPhantomSubjectToVideo
        WanSoundImageToVideo WanTrackToVideo WanVaceToVideo
    """,
    "16 6 1": "EmptyMochiLatentVideo",
    "16 8 1": "CosmosImageToVideoLatent EmptyCosmosLatentVideo",
    "32 1 1": "EmptyHiDreamO1LatentImage EmptyHunyuanImageLatent",
    "32 17 5": "EmptyMiniMaxH3LatentAV MiniMaxH3ImageToVideo MiniMaxH3ReferenceToVideo",
    "32 4 1": "Wan22ImageToVideoLatent WanSCAILToVideo",
    "32 8 1": "EmptyLTXVLatentVideo LTXVImgToVideo",
    "8 1 1": """
        EmptyLatentImage HunyuanVideo15LatentUpscaleWithModel LatentCrop LatentUpscale SV3D_Conditioning
        SVD_img2vid_Conditioning StableCascade_EmptyLatentImage StableZero123_Conditioning
        StableZero123_Conditioning_Batched VOIDInpaintConditioning VOIDWarpedNoise
    """,
}

# Classes that end a graph.
SAVERS = """
    CLIPSave CheckpointSave CreateBoundingBoxes ImageCompare ImageOnlyCheckpointSave LoraSave LossGraphNode
    MaskPreview ModelSave Preview3D Preview3DAdvanced PreviewAny PreviewAudio PreviewGaussianSplat
    PreviewImage PreviewPointCloud SAM3_TrackPreview Save3DAdvanced SaveAnimatedPNG SaveAnimatedWEBP
    SaveAudio SaveAudioAdvanced SaveAudioMP3 SaveAudioOpus SaveGLB SaveGaussianSplat SaveImage
    SaveImageAdvanced SaveImageDataSetToFolder SaveImageTextDataSetToFolder SaveLatent SaveLoRA
    SavePointCloud SaveSVGNode SaveText SaveTrainingDataset SaveVideo SaveWEBM VAESave
"""

# Inputs for pictures and sound that may be left open: Class.input
OPTIONAL = """
    BerniniConditioning.reference_video BerniniConditioning.source_video ConditioningSetProperties.mask
    ConditioningSetPropertiesAndCombine.mask CosmosImageToVideoLatent.end_image
    CosmosImageToVideoLatent.start_image CosmosPredict2ImageToVideoLatent.end_image
    CosmosPredict2ImageToVideoLatent.start_image CreateBoundingBoxes.background CreateVideo.audio
    DrawBBoxes.image Hunyuan3Dv2ConditioningMultiView.back Hunyuan3Dv2ConditioningMultiView.front
    Hunyuan3Dv2ConditioningMultiView.left Hunyuan3Dv2ConditioningMultiView.right
    HunyuanImageToVideo.start_image HunyuanVideo15ImageToVideo.clip_vision_output
    HunyuanVideo15ImageToVideo.start_image HunyuanVideo15SuperResolution.clip_vision_output
    HunyuanVideo15SuperResolution.start_image ImageCompositeMasked.mask ImageStitch.image2
    Kandinsky5ImageToVideo.start_image LTXVAddGuide.attention_mask LatentCompositeMasked.mask
    MediaPipeFaceMeshVisualize.image MiniMaxH3ImageToVideo.first_frame MiniMaxH3ImageToVideo.last_frame
    Painter.image PairConditioningSetProperties.mask PairConditioningSetPropertiesAndCombine.mask
    ReferenceLatent.latent ReferenceTimbreAudio.latent RenderSplat.bg_image ReplaceVideoLatentFrames.source
    SAM3_Detect.conditioning TextEncodeQwenImageEdit.image TextEncodeQwenImageEditPlus.image1
    TextEncodeQwenImageEditPlus.image2 TextEncodeQwenImageEditPlus.image3 TextEncodeZImageOmni.image1
    TextEncodeZImageOmni.image2 TextEncodeZImageOmni.image3 Wan22FunControlToVideo.control_video
    Wan22FunControlToVideo.ref_image Wan22ImageToVideoLatent.start_image WanAnimateToVideo.background_video
    WanAnimateToVideo.character_mask WanAnimateToVideo.clip_vision_output WanAnimateToVideo.continue_motion
    WanAnimateToVideo.face_video WanAnimateToVideo.pose_video WanAnimateToVideo.reference_image
    WanCameraImageToVideo.clip_vision_output WanCameraImageToVideo.start_image
    WanDancerVideo.clip_vision_output WanDancerVideo.clip_vision_output_ref WanDancerVideo.mask
    WanDancerVideo.start_image WanFirstLastFrameToVideo.clip_vision_end_image
    WanFirstLastFrameToVideo.clip_vision_start_image WanFirstLastFrameToVideo.end_image
    WanFirstLastFrameToVideo.start_image WanFunControlToVideo.clip_vision_output
    WanFunControlToVideo.control_video WanFunControlToVideo.start_image
    WanFunInpaintToVideo.clip_vision_output WanFunInpaintToVideo.end_image WanFunInpaintToVideo.start_image
    WanHuMoImageToVideo.ref_image WanImageToVideo.clip_vision_output WanImageToVideo.start_image
    WanInfiniteTalkToVideo.clip_vision_output WanInfiniteTalkToVideo.previous_frames
    WanInfiniteTalkToVideo.start_image WanMoveTrackToVideo.clip_vision_output
    WanPhantomSubjectToVideo.images WanSCAILToVideo.clip_vision_output WanSCAILToVideo.pose_video
    WanSCAILToVideo.pose_video_mask WanSCAILToVideo.previous_frames WanSCAILToVideo.reference_image
    WanSCAILToVideo.reference_image_mask WanSoundImageToVideo.control_video WanSoundImageToVideo.ref_image
    WanSoundImageToVideo.ref_motion WanSoundImageToVideoExtend.control_video
    WanSoundImageToVideoExtend.ref_image WanTrackToVideo.clip_vision_output WanVaceToVideo.control_masks
    WanVaceToVideo.control_video WanVaceToVideo.reference_image
"""
