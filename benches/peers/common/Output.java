// A growing array of bytes that Avro data are written to.
package kaiku.peers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

final class Output {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    byte[] bytes;
    int size;

    Output(int room) {
        bytes = new byte[room];
    }

    void clear() {
        size = 0;
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, size);
    }

    /** Makes room for so many bytes more. */
    void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
        }
    }

    void one(int value) {
        room(1);
        bytes[size++] = (byte) value;
    }

    void bytes(byte[] all) {
        bytes(all, 0, all.length);
    }

    void bytes(byte[] from, int at, int length) {
        room(length);
        System.arraycopy(from, at, bytes, size, length);
        size += length;
    }

    /** Avro's int and long: zigzag, then seven bits a byte, the lowest first. */
    void number(long value) {
        room(10);
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    /** Eight bytes, the lowest first. */
    void fixed(long value) {
        room(8);
        LONG.set(bytes, size, value);
        size += 8;
    }
}
