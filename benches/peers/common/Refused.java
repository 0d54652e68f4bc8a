// Why a record is rejected whole; thrown without a stack, so that garbage is cheap.
package kaiku.peers;

final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final Refused MALFORMED = new Refused("malformed");
    static final Refused HEADER = new Refused("header");
    static final Refused KEY = new Refused("key_mismatch");
    static final Refused CONSENT = new Refused("bad_consent");
    static final Refused UNFIT = new Refused("unfit");

    private Refused(String reason) {
        super(reason, null, false, false);
    }
}
