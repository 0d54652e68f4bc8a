-- Crash rate by day: devices with a fatal failure over devices heard from. Crash-free is the rest
SELECT day, devices_estimate, devices_lower, devices_upper,
       crashed_estimate, crashed_lower, crashed_upper,
       LEAST(1.0, 1.0 * crashed_estimate / devices_estimate) AS crash_rate,
       LEAST(1.0, 1.0 * crashed_lower / devices_upper) AS crash_rate_lower,
       CASE WHEN devices_lower > 0 THEN LEAST(1.0, 1.0 * crashed_upper / devices_lower) ELSE 1.0 END AS crash_rate_upper
FROM activity_daily
WHERE app = 'maps'
ORDER BY day
