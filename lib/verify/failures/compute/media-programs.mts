import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { capabilities } from "../fixes.mts";
import { rows } from "../rows.mts";

/** Words of programs that encode or decode video. */
export const videoWords =
  /ffmpeg|immich|AssetEncode|jellyfin|frigate|plex|emby|nvenc|cuvid|nvdec|vaapi|qsv|hwaccel|AVHW|\[out#|libav|matroska|gstreamer|gst_|GST_|pipeline|h264|hevc|\bav1\b/i;

/** Errors of FFmpeg, Jellyfin and Frigate about video on a GPU. */
export const mediaProgramFailures = (): Failure[] =>
  rows(
    {
      layer: "image",
      near: videoWords,
      source: "FFmpeg (libavcodec, libavfilter), Jellyfin, blakeblackshear/frigate, read 2026-11",
    },
    [
      [
        "verify.service",
        "symptom",
        /WARN +\| Software \w{3,5} encoder detected/,
        "Wolf finds no video encoder of the GPU: its container lacks the driver's video libraries or the card's node",
        capabilities,
        "AMD, Intel: devices: [/dev/dri] for that service",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /Unknown (?:encoder|decoder) '\w{2,12}_(?:nvenc|cuvid|vaapi|qsv|amf|vulkan)'|Unrecognized hwaccel: /,
          /No such filter: '(?:scale_cuda|scale_npp|yadif_cuda|tonemap_\w{3,8}|hwupload_cuda|overlay_cuda|scale_vaapi|vpp_qsv)'/,
        ),
        "this FFmpeg was built without that part of the GPU's video engine",
        "Use a build that has it (jellyfin-ffmpeg, the image of the program itself); see which: ffmpeg " +
        "-encoders, ffmpeg -hwaccels",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /Hardware is lacking required capabilities|hwaccel initialisation returned error|Failed setup for format (?:cuda|vaapi|qsv|vulkan)/,
          /No support for codec \w{2,12} profile|Codec \w{2,8}_cuvid is not supported|_nvenc @ \w{3,20}\] Codec not supported|cuvidGetDecoderCaps failed|10 bit encode not supported/,
          /No usable encoding (?:profile|entrypoint) found|No usable decoding (?:profile|entrypoint) found/,
          /device doesn't support required NVENC features|Video (?:width|height) \d{1,6} not within range/,
          /the requested RT Format is not supported|Encoding entrypoint not found/,
        ),
        "this GPU's video engine cannot do that codec, profile or size, so the program uses the CPU or fails",
        "Turn that codec off in the program's settings (AV1 needs RTX 30 to decode and RTX 40 to encode; " +
        "10 bit HEVC needs GTX 900 or later)",
        "Source: NVIDIA's Video Encode and Decode GPU Support Matrix",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /Only audio, video, and subtitles are supported for|codec not currently supported in container/,
          /Could not find tag for codec \w{2,20} in stream/,
        ),
        "the output's container format (MKV, MP4) cannot hold one of the streams, such as data, pictures or this " +
        "kind of subtitles; it is no fault of the GPU",
        "Leave that stream out (-dn, -map -0:d, -sn), convert it (-c:s mov_text for MP4), or choose another container",
      ],
      [
        "verify.service",
        "cause",
        /no (?:such )?element(?: factory| or plugin)? ["'“](?:nv|cuda|va|vaapi|qsv|amf|vulkan)\w{2,20}["'”]/,
        "GStreamer has no element of that name: its plugin for the card's video engine is not in the image, or did " +
        "not load when GStreamer listed its plugins, for lack of the driver's libraries",
        capabilities,
        "Then remove its list of plugins in the container, which it keeps: rm -f ~/.cache/gstreamer-1.0/registry.*.bin",
        "NVIDIA's elements that convert pictures also need libnvrtc.so of CUDA (12 or 13) in the image",
      ],
      [
        "verify.service",
        "cause",
        /No decoder surfaces left|frame from a fixed pool of hardware frames|Using more than 32 \(\d{1,3}\) decode surfaces/,
        "FFmpeg's decoder on the GPU has no free picture buffer: its filters or encoder hold too many, " +
        "or the option for more asks for more than the GPU has (32)",
        "Add -extra_hw_frames 8 before the input, or decode with fewer threads (-threads 1)",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /nvenc @ \w{3,20}\] (?:Max B-frames \d{1,3} exceed|[\w ]{4,40} (?:is |are )?not supported(?:\. Supported level: \d)?\s*$)/,
          /Cannot get the preset configuration: |Undefined constant or missing '\(' in '(?:p[1-7]|hq|ll|ull)'/,
          /qsv @ \w{3,20}\] (?:[\w ]{4,40} is unsupported\b|some encoding parameters are not supported by the QSV runtime)/,
          /Error (?:initializing the encoder|querying (?:the \(encoding\) )?IO surface|decoding stream header): (?:unsupported|incompatible video parameters|invalid video parameters)/,
        ),
        "the card's encoder or decoder does not have the setting that the line names, or this FFmpeg is older " +
        "than it: " +
        "B-frames in HEVC (from RTX 20 on), lookahead, presets p1 to p7 (FFmpeg 4.4), low power, a profile",
        "Leave that setting out (-bf 0, no lookahead, -preset fast), or encode another codec (H.264)",
        "Quick Sync: turn low power on or off (it needs the firmware HuC), and use 8 bit (-pix_fmt nv12)",
      ],
      [
        "verify.service",
        "symptom",
        anyOf(
          /(?:qsv @|MFX)[^\n]{0,80}: (?:device (?:operation )?fail\w{2,4}|device lost|undefined behavior|aborted) \(-1[1-7]\)/,
          /\] Failed to (?:create decode (?:context|configuration)|sync surface \w{3,20}|end picture decode issue): \d{1,2} \(/,
          /Error (?:registering|mapping) an input resource: |Failed to create surface from DMA-BUF: \d{1,2} \(/,
        ),
        "the card's video engine or its driver failed at a step of this video: the file is damaged or of an unusual " +
        "kind, the driver in the image does not fit the card, or the card hangs",
        guestFix("Read what the kernel's driver says (hang, reset, Xid)", "dmesg --level err,warn"),
        "Use a newer image (its driver for Intel and AMD is in it); for some files only: decode these on the CPU",
      ],
      [
        "verify.service",
        "cause",
        /DLL libamfrt64\.so\S{0,3} failed to open|CreateComponent\(AMF\w{4,40}\) failed/,
        "FFmpeg's encoder for AMD's own library (AMF) does not find that library, which is in no image by default",
        "Use VA-API for AMD cards: h264_vaapi or hevc_vaapi, with devices: [/dev/dri] for that service",
      ],
      [
        "verify.service",
        "note",
        /can't connect to X server! error: failed to initialize display/,
        "vainfo looked for a screen, which a container does not have: this says nothing about the card",
        "Call it with the card's node: vainfo --display drm --device /dev/dri/renderD128",
      ],
      [
        "verify.service",
        "cause",
        /Too many packets buffered for output stream/,
        "FFmpeg waits for the first picture and its queue for the other streams is full; it is no fault of the GPU",
        "Add -max_muxing_queue_size 4096 before the output, or leave out streams that bring no data (-dn, -sn)",
      ],
      [
        "verify.service",
        "cause",
        /(?:^|\] |output )\/\S{1,200}\.(?:m3u8|ts|m4s|mp4|mkv|jpe?g|webm): Permission denied/,
        "FFmpeg is not allowed to write its output: the folder (transcodes, cache) belongs to another user than the " +
        "one that the service runs as",
        "Give the folder to that user: chown -R 1000:1000 FOLDER (the numbers of user:, PUID and PGID, or of the " +
        "image)",
      ],
      [
        "verify.service",
        "cause",
        /OpenEncodeSessionEx failed: (?:incompatible client key|invalid version)/,
        "the driver's video library (libnvidia-encode) refuses its caller: it was changed (nvidia-patch), or is of " +
        "another release than the driver",
        "Install the driver's library again in its release, and patch it only for exactly that release",
      ],
      [
        "verify.service",
        "cause",
        /OpenEncodeSessionEx failed: (?:unsupported device|no encode device)|nvEncOpenEncodeSessionEx.{1,80} returned error 2\b/,
        "this GPU has no video encoder (A100, H100, GT 1030 and some MX have none), or the container is not " +
        "allowed to use it",
        "Show NVIDIA's Video Encode and Decode GPU Support Matrix, and use the CPU or another card",
        capabilities,
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /No matching devices found for OpenCL|No OpenCL platforms? (?:found|available)|clGetPlatformIDs\S{0,12}.{0,20}-1001/i,
          /Failed to get number of OpenCL platforms|Failed to set value 'opencl[^'\n]{0,40}' for option 'init_hw_device'|AVHWDeviceContext @ \w{3,20}\] No matching devices found/,
        ),
        "OpenCL finds no driver in the container (tone mapping of HDR needs it)",
        "Use tone mapping by CUDA or Vulkan, or write /etc/OpenCL/vendors/nvidia.icd with the line " +
        "libnvidia-opencl.so.1 in the image",
        capabilities,
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /Impossible to convert between the formats supported by the filter|Error reinitializing filters!|Filtering and streamcopy cannot be used together/,
          /A hardware (?:frames|device) reference is required to|to a HW format requires hw_frames_ctx/,
        ),
        "the chain of filters mixes pictures in the GPU's memory with filters of the CPU",
        "Put hwdownload,format=nv12 before a filter of the CPU and hwupload after it, or use the GPU's filter " +
        "(scale_cuda, scale_vaapi)",
      ],
      [
        "verify.service",
        "cause",
        /Cannot open a VA display from DRM device|Cannot open DRM render node|Failed to open the drm device|No usable render ?node|No \/dev\/dri devices found/i,
        "the card's node (/dev/dri/renderD…) is not in the container, or is another card's",
        guestFix("List the nodes", "ls -l /dev/dri /dev/dri/by-path"),
        "Write devices: [/dev/dri] for that service, and name the right one (renderD128, renderD129)",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /OpenEncodeSessionEx failed|No (?:NVENC )?capable devices found/,
          /CreateInputBuffer failed|InitializeEncoder failed/,
        ),
        "the GPU's video encoder does not take the work: too many sessions at once, no memory, or a codec that " +
        "this GPU lacks",
        "Encode fewer streams at once, or with a codec that this GPU has",
        capabilities,
      ],
      [
        "verify.service",
        "cause",
        /method DESCRIBE failed: \d{3}|Server returned (?:401|403|404) /,
        "the camera or stream refuses the request: its address, user name or password is wrong (no fault of the GPU)",
        "Correct the address (rtsp://USER:PASSWORD@ADDRESS/PATH), and try it with ffprobe",
      ],
      [
        "verify.service",
        "cause",
        /No EdgeTPU was detected|Failed to load delegate from libedgetpu/,
        "Frigate finds no Coral: it was not given to the container or VM, or its driver (apex) does not fit " +
        "the kernel",
        "Write devices: [/dev/bus/usb] or [/dev/apex_0], or use the detector for the GPU (onnx, tensorrt, openvino)",
      ],
      [
        "verify.service",
        "symptom",
        /Detection appears to be stuck\. Restarting detection process/,
        "Frigate's detector gave no answer for some seconds: the card hangs or is too busy, or its model is " +
        "built again at the first start",
        guestFix("Read what the kernel's driver says (hang, reset, Xid)", "dmesg --level err,warn"),
        "Read the detector's own lines above; use a smaller model, or another detector for a try",
      ],
      [
        "verify.service",
        "symptom",
        /hardware transcoding: enabled, but no hardware decode accelerator found/,
        "Plex finds no card for its video: the container has none, lacks the driver's video libraries, or the " +
        "account " +
        "has no Plex Pass",
        capabilities,
        "AMD, Intel: devices: [/dev/dri] for that service; Plex's lines with [FFMPEG] before this one say more",
      ],
      [
        "verify.service",
        "cause",
        /\*\*\* Config Validation Errors|Your config file is not valid!/,
        "Frigate's config is not valid: the lines after this one have the line, the key and what is wrong with it",
        "Correct that key as the documentation of this release says; a new release can have other keys (detectors: " +
        "tensorrt became onnx in 0.16)",
      ],
      [
        "verify.service",
        "note",
        /Failed to initialize PMU! \(Permission denied\)|Unable to poll (?:intel|nvidia|amd)? ?GPU stats/i,
        "Frigate is not allowed to read the GPU's load, which changes its display only",
        "Write cap_add: [CAP_PERFMON] for that service (Intel)",
      ],
      [
        "guest.image",
        "cause",
        /failed to load libraries\. \S{0,80}libyolo_layer\.so: |No such file or directory: '?\S{0,80}(?:model_cache|\.trt|\.engine|\.onnx)\b/,
        "the detector's model is not there: it was not built or downloaded for this GPU",
        "Frigate: set YOLO_MODELS, or give model: path: a file in /config/model_cache; see its log of the " +
        "first start",
      ],
      [
        "verify.service",
        "fallback",
        /(?:rtsp|https?):\/\/\S{4,120}: Invalid data found when processing input|Error opening input(?: file)?:? \S{1,160}: Invalid data found/,
        "FFmpeg got no video that it can read from that address: the camera or stream sends nothing yet, or " +
        "another kind",
        "Try the address with ffprobe or VLC; behind go2rtc see that the stream itself works first",
      ],
      [
        "verify.service",
        "fallback",
        anyOf(
          /Ffmpeg process crashed unexpectedly|Unable to read frames from ffmpeg process|ffmpeg process is not running|No new recording segments were created for/,
          /Plex Transcoder' exit code for process \d{1,8} is [1-9]\d{0,2} \(failure\)/,
          /FFmpeg exited with code \d{1,3}|Error while opening encoder(?: for output stream)? ?#?/,
          /Error while opening decoder for input stream #|\w{2,6}_(?:nvenc|qsv|vaapi|amf|vulkan): failed transcoding /,
          /Error submitting (?:video|audio) frame to the encoder|Error encoding a frame: |Task finished with error code: -\d{1,10}/,
        ),
        "FFmpeg ended with an error: its own lines above say which",
        "Read the lines above that name nvenc, cuda, vaapi or qsv; Jellyfin keeps them in its folder log " +
        "(FFmpeg.Transcode…)",
        capabilities,
      ],
    ],
  );
