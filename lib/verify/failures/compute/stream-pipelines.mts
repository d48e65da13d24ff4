import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of GStreamer and of NVIDIA's parts for it. */
const near = /gst|nvinfer|nvstreammux|nvv4l2|nvbuf|deepstream|nvarg|NvMM/i;

/** What GStreamer and NVIDIA's DeepStream say about a pipeline that stops. */
export const streamPipelineFailures = (): Failure[] =>
  rows({
    layer: "image",
    near,
    source: "GStreamer 1.24 (gstelement.h, gst-plugins-base), NVIDIA DeepStream 7 (gst-nvinfer, gst-nvtracker); " +
      "marcoslucianops/DeepStream-Yolo#122 (2022-01), cding-nv/deepstream-openpose#4 (2020-05), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Opening channel \/dev\/nvhost-\w{2,16} failed|Could not get NVDEC Channel handle/,
        /NvRmMemInitNvmap failed/,
      ),
      "the container has not the nodes of the Jetson's video engine or memory (/dev/nvhost-…, /dev/nvmap)",
      "Start it by NVIDIA's runtime (runtime: nvidia), with an image of the same JetPack release as the board's",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /NvBufSurfTransform\w{0,20} failed with error -?\d/,
        /nvbufsurface: (?:mapping of memory type not supported|Failed to|Error)/,
        /Error\(-\d{1,2}\) in buffer allocation/,
      ),
      "NVIDIA's part of GStreamer could not convert or hold a frame: its size or format does not fit, the kind of " +
      "memory (nvbuf-memory-type) is not for this GPU, or GPU memory ran out",
      "Set the same nvbuf-memory-type and gpu-id in all elements (desktop cards: 0 to 3; 4 is Jetson's)",
      "Check that no box to crop is empty or larger than 16 times the output, and that nvidia-smi shows free memory",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /GStreamer installation is missing a plug-?in/,
        /no (?:suitable )?(?:decoder|demuxer|parser|encoder) (?:available )?for (?:type )?'?(?:video|audio|image)\//i,
      ),
      "the image's GStreamer has no plugin for that kind of video or audio",
      "Install gstreamer1.0-plugins-good, -bad, -ugly and gstreamer1.0-libav in the image; DeepStream: run its " +
      "user_additional_install.sh",
      "For the card's video engine: NVIDIA_DRIVER_CAPABILITIES=compute,video,utility for that service",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /streaming stopped, reason (?:not-negotiated|not-linked|error) \(-\d\)/,
        /\bInternal data stream error\b/,
      ),
      "GStreamer's pipeline stopped: an element does not take what the one before it gives (not-negotiated), is not " +
      "connected (not-linked), or failed itself (error); the source's own error comes first",
      "Read the first ERROR above; run it with GST_DEBUG=3 to see which element it is",
      "not-negotiated: compare the source's codec and format with the decoder and the elements after it",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /\bApp run failed\b|Failed to set pipeline to (?:PAUSED|PLAYING)/,
        /\*\* ERROR: <\w{2,60}:\d{1,5}>: (?:Failed|\w{2,60} failed)/,
      ),
      "DeepStream's program did not start its pipeline; its first ERROR says why",
      "Read the first ERROR above (an element that is missing, a model, a source); GST_DEBUG=3 says more",
    ],
  ]);
