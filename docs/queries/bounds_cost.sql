-- Part of a day's devices of which something was not counted
SELECT day, devices_estimate, devices_lower, devices_upper,
       LEAST(1.0, 1.0 * bounded_estimate / devices_estimate) AS bounded_rate,
       LEAST(1.0, 1.0 * bounded_lower / devices_upper) AS bounded_rate_lower,
       CASE WHEN devices_lower > 0 THEN LEAST(1.0, 1.0 * bounded_upper / devices_lower) ELSE 1.0 END AS bounded_rate_upper
FROM activity_daily
WHERE app = 'maps'
ORDER BY day
