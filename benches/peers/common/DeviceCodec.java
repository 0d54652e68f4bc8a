// A device's state as bytes: what a store keeps and a changelog carries.
package kaiku.peers;

final class DeviceCodec {
    private DeviceCodec() {
    }

    static void write(Device device, Output out) {
        out.number(device.day);
        out.one((device.hasHome ? 1 : 0) | (device.isAllSpent ? 2 : 0));
        if (device.hasHome) {
            out.fixed(device.model);
            out.fixed(device.operator);
            out.fixed(device.country);
        }
        out.bytes(device.taken);
        out.number(device.slots);
        for (int at = 0; at < device.slots; at++) {
            long what = device.slot[2 * at + 1];
            out.fixed(device.slot[2 * at]);
            out.number((int) (what >>> 32));
            out.one(device.family(at) | device.uses(at) << 3);
            out.one((int) what & 0xff);
        }
        Streams streams = device.streams;
        out.number(streams.count);
        for (int at = 0; at < streams.count; at++) {
            out.fixed(streams.streams[3 * at]);
            out.fixed(streams.streams[3 * at + 1]);
            out.number(streams.streams[3 * at + 2]);
            long[] gaps = streams.gaps[at];
            out.number(gaps.length);
            for (long one : gaps) {
                out.number(one);
            }
        }
        out.number(device.spent.length);
        for (long app : device.spent) {
            out.fixed(app);
        }
    }

    /** Into a device that may have held another. */
    static void read(Input in, Device device) {
        device.day = in.small();
        int flags = in.bytes[in.skip(1)];
        device.hasHome = (flags & 1) != 0;
        device.isAllSpent = (flags & 2) != 0;
        if (device.hasHome) {
            device.model = in.fixed();
            device.operator = in.fixed();
            device.country = in.fixed();
        }
        System.arraycopy(in.bytes, in.skip(6), device.taken, 0, 6);
        int slots = in.small();
        if (device.slot.length < 2 * slots) {
            device.slot = new long[2 * slots];
        }
        for (int at = 0; at < slots; at++) {
            device.slot[2 * at] = in.fixed();
            long app = in.number();
            int kind = in.bytes[in.skip(1)] & 0xff;
            int own = in.bytes[in.skip(1)] & 0xff;
            device.slot[2 * at + 1] = app << 32 | (long) (kind >>> 3) << 16 | (long) (kind & 7) << 8 | own;
        }
        device.slots = slots;
        streams(in, device.streams);
        device.spent = new long[in.small()];
        for (int at = 0; at < device.spent.length; at++) {
            device.spent[at] = in.fixed();
        }
    }

    private static void streams(Input in, Streams streams) {
        streams.count = in.small();
        if (streams.gaps.length < streams.count) {
            streams.streams = new long[3 * streams.count];
            streams.gaps = new long[streams.count][];
        }
        for (int at = 0; at < streams.count; at++) {
            streams.streams[3 * at] = in.fixed();
            streams.streams[3 * at + 1] = in.fixed();
            streams.streams[3 * at + 2] = in.number();
            int numbers = in.small();
            long[] gaps = numbers == 0 ? Streams.NONE : new long[numbers];
            for (int one = 0; one < numbers; one++) {
                gaps[one] = in.number();
            }
            streams.gaps[at] = gaps;
        }
    }
}
