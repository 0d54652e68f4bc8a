//! The long tail of models: each on few devices, and together on many.

/// A brand and codes of the table of models, the most frequent brand first.
pub(super) const RARE: &[(&str, &[&str])] = &[
    ("HTC", &["001HT", "HTC Aria", "HTC Explorer", "HTC0P3P7"]),
    ("Asus", &["AST21", "ASUS_T00Q", "ASUS_Z012DA", "Nexus 7"]),
    (
        "Lenovo",
        &["501LV", "Lenovo A688t", "Lenovo S60-t", "Lenovo TB-X6C6NBX"],
    ),
    ("ZTE", &["003Z", "NX40X", "Z986U", "ZTE Blade V8 Arc"]),
    ("Meizu", &["15", "M1813", "MEIZU 18s", "PRO 7 Plus"]),
    ("Honor", &["AGM-W09HN", "CMA-LX3", "NTN-LX1", "RMO-NX3"]),
    ("Fairphone", &["FP2", "FP3", "FP4"]),
    ("Blu", &["A200", "C2", "G70", "Studio G Max"]),
    ("Wiko", &["B-KOOL", "RIDGE", "W-K211-TH", "W-V720-SUN"]),
    ("TCL", &["4187M", "5161A", "9060X_EEA", "T610E"]),
    (
        "Sharp",
        &["2K SMART TV", "FS8026", "LC_40FOC466T", "SH-M04"],
    ),
    ("Kyocera", &["101K", "DM015K", "KY-51B", "KYV43"]),
    ("Fujitsu", &["101F", "F-03G", "F-12C", "M02"]),
    ("Panasonic", &["003P", "EX00C", "P-01D", "Panasonic P85"]),
    ("Lava", &["A1", "LAVA LMX06", "R1_Lite", "Z60"]),
    (
        "Micromax",
        &["A068", "Micromax A311", "Micromax HS2", "Micromax Q409A"],
    ),
    (
        "Itel",
        &["AI PONT", "itel A511LQ", "itel P10001L", "itel W4002"],
    ),
    (
        "Ulefone",
        &["Armor 10 5G", "Armor X8", "Note 11P", "Power Armor14 Pro"],
    ),
    ("Doogee", &["BL12000", "S51", "S98", "X60L"]),
    ("Blackview", &["A10", "BV4000", "BV7000", "P10000_Pro"]),
    ("Oukitel", &["C10", "C31", "K7_Pro", "WP10"]),
    (
        "Cubot",
        &["C20", "CUBOT_MANITO", "KINGKONG MINI2 Pro", "P60"],
    ),
    ("Umidigi", &["A11", "BISON", "MP09", "Power"]),
    (
        "Gionee",
        &["A1 Plus", "GIONEE GN5007", "GN5003", "M6 mirror"],
    ),
    (
        "Coolpad",
        &["1803", "Coolpad 3320A", "Coolpad 8079", "Coolpad Y803-8"],
    ),
    (
        "Hisense",
        &["2K Smart TV", "HS-T968S", "Hisense Hi 2", "LED47K560J3D"],
    ),
    (
        "Archos",
        &[
            "9.4'' FFF",
            "Archos 101b Xenon v2",
            "Archos 59 Xenon",
            "Archos Core 55 4G",
        ],
    ),
    (
        "bq",
        &[
            "Aquaris A4.5",
            "Aquaris M",
            "Aquaris U Plus",
            "Aquaris X2 Pro",
        ],
    ),
    ("Casper", &["ATV R1", "R3", "VIA_A1", "VIA_L30_0"]),
    ("Vestel", &["10.1Myros", "VP73_Vox", "VT97PRO", "Venus E4"]),
    (
        "General Mobile",
        &["Discovery Air", "G310", "GM 5", "GM 8 d"],
    ),
    ("Symphony", &["ATOM", "Symphony G100", "V47", "i12"]),
    (
        "Walton",
        &[
            "2K AI Smart TV",
            "Primo F7s",
            "Primo H9 Pro",
            "Primo RM2 mini",
        ],
    ),
    (
        "Condor",
        &["AI PONT", "Infinity E5", "PGN527", "Plume L4 Pro"],
    ),
    (
        "Cherry Mobile",
        &["A1090", "Flare J2 Mini", "FlareJ3Plus", "Flare_X_V2"],
    ),
    (
        "QMobile",
        &[
            "E1",
            "QMobile A1",
            "QMobile S1 PRO",
            "QMobile_Q_Infinity_Cinema",
        ],
    ),
    (
        "Karbonn",
        &["40D", "Aura Note 4G", "K9 Music 4G", "KARBONN A545"],
    ),
    (
        "Intex",
        &[
            "ATV R1",
            "INTEX AQUA 5.5 VR+",
            "INTEX AQUA LIONS X1",
            "INTEX ELYT E1",
        ],
    ),
    ("ADVAN", &["8004", "ADVANNASAPro"]),
    ("Evercoss", &["A75 MAX", "M55B", "S45B", "U6 PRIME"]),
    (
        "Polaroid",
        &["A/S10", "MID1064FHDP", "P5026A", "PRO5548PR010"],
    ),
    (
        "Medion",
        &["B4570", "LIFETAB E1071X", "LIFETAB_P891X", "MEDION P5015"],
    ),
    ("Acer", &["A1-713", "ATAB1021E", "B1-860A", "N3-2200"]),
    (
        "Dell",
        &[
            "001DL",
            "Dell Chromebook 13 3380",
            "Venue 7 3730",
            "Venue 8 7840",
        ],
    ),
    ("Toshiba", &["2K Toshiba TV", "AT300SE", "AT7-A", "TOSPASB"]),
    (
        "HP",
        &[
            "HP 10",
            "HP Chromebook 11 G5",
            "HP Pro Slate 8",
            "HP Slate 7 Voice Tab",
        ],
    ),
    ("Cat", &["B15", "S30", "S42", "S52"]),
    ("Razer", &["Forge", "Phone", "Phone 2", "Razer Edge 5G"]),
    ("Nothing", &["A063"]),
    (
        "Barnes and Noble",
        &["BNTV400", "BNTV450", "BNTV460", "BNTV600"],
    ),
    (
        "Teclast",
        &["APEX_P10HD_PRO", "P10_HD_EEA", "P30S_ROW", "T40 Pro_EEA"],
    ),
    ("Chuwi", &["Hi9", "HiPad Max", "HiPad X", "HiPadPlus"]),
    (
        "Multilaser",
        &[
            "4K SMART TV",
            "M7S_PLUS_KIDPAD",
            "ML01-M7S-Quad-Core",
            "Multilaser_E",
        ],
    ),
    (
        "Positivo",
        &["8MA-A 3G", "Positivo Ypy L1000", "T705K", "X400"],
    ),
    ("Hyundai", &["10LA1", "E506", "HT7WC1PBK", "L503F Plus"]),
    (
        "Energizer",
        &["EnergyE500", "H621SEU", "PowerMaxP490", "PowerMaxP600S"],
    ),
    ("Vodafone", &["GigaTV", "VFD 200", "VFD 527", "VFD1400"]),
    (
        "Orange",
        &[
            "DV8555",
            "Orange Neva 80",
            "Orange Rise 40",
            "Orange-Rise31",
        ],
    ),
    (
        "Verizon",
        &[
            "Stream TV",
            "Stream TV Soundbar",
            "Stream TV Soundbar Pro",
            "WTVIS01",
        ],
    ),
    ("Sprint", &["2PYB2", "AQT100", "AQT80", "AQT82"]),
    ("T-Mobile", &["5007W", "REVVL 2", "REVVLRY+", "T790W"]),
    (
        "RCA",
        &[
            "2K AI Smart TV",
            "RCT6002W46",
            "RCT6613W23PU",
            "RCT6973W43MDEU",
        ],
    ),
    (
        "Digma",
        &[
            "1402D 4G WS1250PL",
            "HIT Q401 3G HT4039PG",
            "Optima 7017N 3G TS7177MG",
            "Plane_1525_3G_PS1137MG",
        ],
    ),
    ("Irbis", &["SP401", "TZ175", "TZ720", "TZ797"]),
    (
        "Prestigio",
        &["GV7790", "PMT3427_3G", "PMT4518_4G_E_RU", "PSP3515DUO"],
    ),
    (
        "HighScreen",
        &["Bay", "Expanse", "HS Boost 4", "Power Rage"],
    ),
    ("Fly", &["5S", "FS507", "Fly IQ4514 AF", "IQ4511 TR"]),
    ("DEXP", &["A150", "BS155", "Ixion M355", "N570"]),
    ("teXet", &["TM-4510", "TM-5076", "TM-5084", "TM-5583"]),
    (
        "Vertex",
        &["BLK3D", "Impress_Eagle4G", "Impress_Pear", "Luck L130"],
    ),
    ("Leagoo", &["KIICAA MIX", "M15", "Power 5 Lite", "T8s"]),
    ("Elephone", &["A2", "A6_Max", "P11", "S8"]),
    ("HOMTOM", &["C1", "H1", "HT80", "S8"]),
];
