override fun `used`(`feature`: kotlin.String) {
        val number = quickNumbers[`feature`] ?: `number`(`feature`)?.toLong()?.also { quickNumbers[`feature`] = it }
        // One that nobody knows is counted among the names that nobody knows.
        if (number == null) slowlyUsed(`feature`) else QuickLib.kaiku_quick_used(number)
    }

    /** The numbers of names that were used. */
    private val quickNumbers = java.util.concurrent.ConcurrentHashMap<kotlin.String, kotlin.Long>()

    private fun slowlyUsed(`feature`: kotlin.String)
