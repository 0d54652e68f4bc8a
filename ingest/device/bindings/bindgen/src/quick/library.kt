
/** The quick way of [Program.used]: a name becomes a number once, and one plain call with it counts. */
internal object QuickLib {
    init {
        Native.register(QuickLib::class.java, findLibraryName(componentName = "kaiku"))
    }

    @JvmStatic
    external fun kaiku_quick_used(number: Long)
}
